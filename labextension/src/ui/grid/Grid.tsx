/** All deployments, live. */

import * as React from 'react';
import { DeploymentCard } from './DeploymentCard';
import { useDeployments, useMount } from '../context';
import { useHost, type Host } from '../host';
import { Notice } from '../kit/Notice';
import type { DeploymentStore, Snapshot, Verb } from '../store';

const EXAMPLE = '%deploy clf --name churn';
const INSTALL = 'pip install "mdeploy-lab[lab]"';

export function Grid(): React.ReactElement {
  const { trans } = useHost();
  const { store } = useMount();
  const state = useDeployments();
  const [search, setSearch] = React.useState('');
  return (
    <div className="mdl-Panel">
      <header className="mdl-Panel-head">
        <input
          type="search"
          className="mdl-Search"
          placeholder={trans.__('Search deploy name')}
          aria-label={trans.__('Search deploy name')}
          value={search}
          onChange={event => setSearch(event.target.value)}
        />
      </header>
      <div className="mdl-Scroll">
        <Body state={state} search={search} store={store} onClear={() => setSearch('')} />
      </div>
    </div>
  );
}

interface BodyProps {
  state: Snapshot;
  search: string;
  store: DeploymentStore;
  onClear: () => void;
}

function Body({ state, search, store, onClear }: BodyProps): React.ReactElement {
  const { trans } = useHost();
  if (!state.loaded) {
    return <NotYet state={state} onRetry={() => void store.reload()} />;
  }
  if (state.deployments.length === 0) {
    return (
      <Notice title={trans.__('No deployments yet')}>
        <p>{trans.__('A deployment puts a model behind a URL. Train one in a notebook, then run:')}</p>
        <code className="mdl-Code">{EXAMPLE}</code>
      </Notice>
    );
  }
  const wanted = search.trim().toLowerCase();
  const shown = state.deployments.filter(
    ({ id, spec }) => wanted === '' || id.includes(wanted) || spec.name.toLowerCase().includes(wanted)
  );
  if (shown.length === 0) {
    return (
      <Notice
        title={trans.__('No deployment matches “%1”', search.trim())}
        action={{ label: trans.__('Show all'), onClick: onClear }}
      >
        {trans._n(
          '%1 deployment is hidden by the search.',
          '%1 deployments are hidden by the search.',
          state.deployments.length
        )}
      </Notice>
    );
  }
  return <List state={state} shown={shown} store={store} />;
}

function List({
  state,
  shown,
  store
}: {
  state: Snapshot;
  shown: Snapshot['deployments'];
  store: DeploymentStore;
}): React.ReactElement {
  const { trans } = useHost();
  const { navigation } = useMount();
  const onOpen = React.useCallback(
    (id: string) => void navigation.go({ view: 'deployment', id, tab: 'overview' }),
    [navigation]
  );
  const onAct = React.useCallback((id: string, verb: Verb) => void store.act(id, verb), [store]);
  const readOnly =
    state.server?.canWrite === false
      ? trans.__('You may look at deployments here but not change them')
      : undefined;
  return (
    <ul className="mdl-List" aria-label={trans._n('%1 deployment', '%1 deployments', shown.length)}>
      {shown.map(deployment => (
        <li key={deployment.uid}>
          <DeploymentCard
            deployment={deployment}
            old={state.freshness === 'old'}
            pending={state.pending.get(deployment.id)}
            refusal={state.refusals.get(deployment.id)}
            readOnly={readOnly}
            onAct={onAct}
            onOpen={onOpen}
          />
        </li>
      ))}
    </ul>
  );
}

function NotYet({ state, onRetry }: { state: Snapshot; onRetry: () => void }): React.ReactElement {
  const host = useHost();
  const { trans } = host;
  const problem = state.engineAway ?? state.failure;
  if (state.obstacle !== null) {
    return <Obstructed obstacle={state.obstacle} host={host} />;
  }
  if (problem !== null) {
    return (
      <Notice
        tone="warn"
        title={
          problem.code === 'engine_unavailable' ? trans.__('The engine does not answer') : problem.message
        }
        action={{ label: trans.__('Try again'), onClick: onRetry }}
      >
        <p>{problem.code === 'engine_unavailable' ? problem.message : ''}</p>
        <p className="mdl-Hint">{problem.hint}</p>
        <p>{trans.__('Deployments that were running go on without it.')}</p>
      </Notice>
    );
  }
  return <Notice busy title={trans.__('Loading deployments…')} />;
}

function Obstructed({
  obstacle,
  host: { trans }
}: {
  obstacle: NonNullable<Snapshot['obstacle']>;
  host: Host;
}): React.ReactElement {
  switch (obstacle) {
    case 'missing':
      return (
        <Notice tone="warn" title={trans.__('This Jupyter server has no mdeploy extension')}>
          <p>
            {trans.__('The panel is here, its other half is not. In the environment that Jupyter runs in:')}
          </p>
          <code className="mdl-Code">{INSTALL}</code>
          <p>
            {trans.__('Then restart Jupyter. “jupyter server extension list” must name mdeploy_lab.server.')}
          </p>
        </Notice>
      );
    case 'refused':
      return (
        <Notice tone="warn" title={trans.__('You may not see deployments on this Jupyter server')}>
          {trans.__(
            'Its authorizer refused. Ask its administrator for the resource “mdeploy”, or sign in again.'
          )}
        </Notice>
      );
    case 'kernel':
      return (
        <Notice tone="warn" title={trans.__('The kernel that answered is gone')}>
          {trans.__('Run the cell again. Deployments go on without it.')}
        </Notice>
      );
    case 'unreachable':
      return (
        <Notice tone="warn" busy title={trans.__('Jupyter does not answer')}>
          {trans.__('It is tried again by itself. Deployments go on without it.')}
        </Notice>
      );
  }
}
