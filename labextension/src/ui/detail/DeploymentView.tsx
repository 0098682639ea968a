/** One deployment: its head with the actions, and a tab for each thing to know about it. */

import * as React from 'react';
import type { Deployment } from '../../api/types';
import { useDeployments, useMount } from '../context';
import { useHost, type Translator } from '../host';
import { Notice } from '../kit/Notice';
import { Tabs } from '../kit/Tabs';
import type { Tab } from '../navigation';
import { Head } from './Head';

const PARTS: Record<Tab, React.LazyExoticComponent<React.ComponentType<{ deployment: Deployment }>>> = {
  overview: React.lazy(() => import('./Overview')),
  query: React.lazy(() => import('../query/QueryTab')),
  logs: React.lazy(() => import('../logs/LogsTab')),
  history: React.lazy(() => import('../history/HistoryTab')),
  clients: React.lazy(() => import('../clients/ClientsTab')),
  events: React.lazy(() => import('../events/EventsTab'))
};

export default function DeploymentView({ id, tab }: { id: string; tab: Tab }): React.ReactElement {
  const { trans } = useHost();
  const { navigation } = useMount();
  const state = useDeployments();
  const deployment = useKept(state.byId.get(id));
  if (deployment === undefined) {
    return state.loaded ? <Gone id={id} /> : <Notice busy title={trans.__('Loading deployments…')} />;
  }
  const tabs = tabsOf(deployment, trans);
  const chosen = tabs.some(each => each.id === tab) ? tab : 'overview';
  const Part = PARTS[chosen];
  return (
    <div className="mdl-Detail">
      <Head deployment={deployment} gone={!state.byId.has(id) && state.loaded} />
      <Tabs
        label={trans.__('About %1', deployment.spec.name)}
        tabs={tabs}
        chosen={chosen}
        onChoose={next => void navigation.go({ view: 'deployment', id, tab: next })}
      >
        <React.Suspense fallback={<Notice busy title={trans.__('Loading…')} />}>
          <Part deployment={deployment} />
        </React.Suspense>
      </Tabs>
    </div>
  );
}

function tabsOf({ spec }: Deployment, trans: Translator): { id: Tab; label: string }[] {
  const all: { id: Tab; label: string }[] = [
    { id: 'overview', label: trans.__('Overview') },
    { id: 'query', label: trans.__('Query') },
    { id: 'logs', label: trans.__('Logs') },
    { id: 'history', label: trans.__('History') },
    { id: 'clients', label: trans.__('Clients') },
    { id: 'events', label: trans.__('Events') }
  ];
  return spec.public ? all.filter(each => each.id !== 'clients') : all;
}

/** A deployment that is deleted while one looks at it stays on screen as it was. */
function useKept(now: Deployment | undefined): Deployment | undefined {
  const kept = React.useRef(now);
  kept.current = now ?? kept.current;
  return kept.current;
}

function Gone({ id }: { id: string }): React.ReactElement {
  const { trans } = useHost();
  const { navigation } = useMount();
  return (
    <Notice
      title={trans.__('There is no deployment %1', id)}
      action={{ label: trans.__('Show all'), onClick: () => void navigation.go({ view: 'grid' }) }}
    >
      {trans.__('It was deleted, or the link is of another home.')}
    </Notice>
  );
}
