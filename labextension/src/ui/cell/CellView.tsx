/** What a cell shows: a card, several, or a view of the whole interface, live while somebody answers. */

import * as React from 'react';
import { App } from '../App';
import { HostProvider, passingMemory, useHost } from '../host';
import { Navigation, type Route } from '../navigation';
import type { DeploymentStore, Snapshot } from '../store';
import { CellCards } from './CellCard';
import type { Cell, CellViewName } from './payload';
import { useOpenWhileSeen } from './seen';

const TABS: Partial<Record<CellViewName, 'overview' | 'query' | 'logs' | 'history' | 'clients' | 'events'>> =
  {
    overview: 'overview',
    query: 'query',
    logs: 'logs',
    history: 'history',
    clients: 'clients',
    events: 'events'
  };

export function CellView({ store, cell }: { store: DeploymentStore; cell: Cell }): React.ReactElement {
  const route = routeOf(cell);
  return route === null ? (
    <CellCards store={store} payloads={cell.payloads} />
  ) : (
    <Live store={store} cell={cell} route={route} />
  );
}

function routeOf({ view, payloads, options }: Cell): Route | null {
  const id = payloads[0]?.id ?? '';
  const tab = TABS[view];
  const model = typeof options['model'] === 'string' ? options['model'] : '';
  if (view === 'grid') {
    return { view: 'grid' };
  }
  if (view === 'create') {
    return { view: 'create', model };
  }
  if (view === 'form') {
    return { view: 'update', id };
  }
  return tab === undefined ? null : { view: 'deployment', id, tab };
}

interface LiveProps {
  store: DeploymentStore;
  cell: Cell;
  route: Route;
}

/** The interface once somebody has answered; until then, and where nobody does, the pictures that the notebook kept. */
function Live({ store, cell, route }: LiveProps): React.ReactElement {
  const state = React.useSyncExternalStore(store.subscribe, store.snapshot);
  const frame = React.useRef<HTMLDivElement>(null);
  const host = useHost();
  // What is typed in a cell is the cell's: nothing of it is kept for the panels.
  const own = React.useMemo(() => ({ ...host, memory: passingMemory() }), [host]);
  const [navigation] = React.useState(() => new Navigation(route));
  useOpenWhileSeen(frame, store);
  const there = state.loaded && cell.payloads.every(payload => isSame(state, payload.id, payload.uid));
  return (
    <div ref={frame} className={`mdl-CellView mdl-mod-${cell.view}`}>
      {there || (state.loaded && cell.view === 'grid') ? (
        <HostProvider value={own}>
          <App store={store} navigation={navigation} place="cell" />
        </HostProvider>
      ) : (
        <CellCards store={store} payloads={cell.payloads} />
      )}
    </div>
  );
}

function isSame({ byId }: Snapshot, id: string, uid: string): boolean {
  const live = byId.get(id);
  return live !== undefined && (uid === '' || live.uid === uid);
}
