/** Everything that is needed only when something is shown: loaded then, and once. */

import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';
import { readCell } from '../ui/cell/payload';
import { HostProvider, type Host } from '../ui/host';
import { Failsafe } from '../ui/kit/Failsafe';
import { Notice } from '../ui/kit/Notice';
import { Navigation, readRoute, type Route } from '../ui/navigation';
import { DeploymentStore } from '../ui/store';
import { labHost } from './host';
import type { Surroundings } from './loader';
import { StateMemory } from './memory';
import { titleOf } from './title';
import { LabTransport } from './transport';

// The status bar needs the store at JupyterLab's start; what is looked at comes when it is.
const App = React.lazy(async () => ({ default: (await import('../ui/App')).App }));
const CellView = React.lazy(async () => ({ default: (await import('../ui/cell/CellView')).CellView }));

/** One mount of the whole interface. */
export interface Mounted {
  readonly widget: ReactWidget;
  readonly navigation: Navigation;
}

/** One store for panel and cells, so that they always agree and share one WebSocket. */
export class Parts {
  readonly store: DeploymentStore;
  readonly host: Host;
  readonly #surroundings: Surroundings;

  /** What was remembered is loaded first, so that the first picture is the one that was left. */
  static async create(surroundings: Surroundings): Promise<Parts> {
    return new Parts(surroundings, await StateMemory.load(surroundings.state));
  }

  private constructor(
    surroundings: Surroundings,
    readonly memory: StateMemory
  ) {
    const transport = new LabTransport(surroundings.app.serviceManager.serverSettings);
    this.store = new DeploymentStore(transport);
    this.#surroundings = surroundings;
    this.host = labHost(surroundings, transport, this.store, memory);
  }

  /** The whole interface where it was left; `place` begins the keys of what it remembers. */
  app(place: string, first: Route | null, otherwise: Route = { view: 'grid' }): Mounted {
    const left = this.memory.get(`${place}/route`);
    const navigation = new Navigation(first ?? (left === undefined ? otherwise : readRoute(left)));
    const widget = this.#mount(<App store={this.store} navigation={navigation} place={place} />);
    return { widget, navigation };
  }

  /** Tell `listener` what a mount shows, now and whenever that changes; returns how to end it. */
  titled(navigation: Navigation, listener: (title: string) => void): () => void {
    let last = '';
    const look = (): void => {
      const title = titleOf(navigation.route(), this.store.snapshot(), this.#surroundings.trans);
      if (title !== last) {
        last = title;
        listener(title);
      }
    };
    const ends = [navigation.subscribe(look), this.store.subscribe(look)];
    look();
    return () => ends.forEach(end => end());
  }

  /** What a cell shows; of an output that this version does not understand its text. */
  cell(output: unknown, text: unknown): ReactWidget {
    const cell = readCell(output);
    if (cell === null) {
      return this.#mount(<pre>{typeof text === 'string' ? text : JSON.stringify(output)}</pre>);
    }
    return this.#mount(<CellView store={this.store} cell={cell} />);
  }

  #mount(content: React.ReactElement): ReactWidget {
    const { trans } = this.host;
    return ReactWidget.create(
      <HostProvider value={this.host}>
        <Failsafe>
          <React.Suspense fallback={<Notice busy title={trans.__('Loading…')} />}>{content}</React.Suspense>
        </Failsafe>
      </HostProvider>
    );
  }
}
