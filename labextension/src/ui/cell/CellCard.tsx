/** One deployment in a cell's output: the live one when somebody answers, else the picture that the notebook kept. */

import * as React from 'react';
import { CopyUrl } from '../kit/CopyUrl';
import { DeploymentCard } from '../grid/DeploymentCard';
import { useHost } from '../host';
import type { Payload } from './payload';
import { StateChip } from '../kit/StateChip';
import type { DeploymentStore, Snapshot } from '../store';
import { useOpenWhileSeen } from './seen';

export interface CellCardProps {
  store: DeploymentStore;
  payload: Payload;
}

/** One card, or for a list several side by side. */
export function CellCards({
  store,
  payloads
}: {
  store: DeploymentStore;
  payloads: Payload[];
}): React.ReactElement {
  const { trans } = useHost();
  const [first] = payloads;
  if (first === undefined) {
    return <p className="mdl-CellCard-note">{trans.__('There were no deployments when the cell ran.')}</p>;
  }
  if (payloads.length === 1) {
    return <CellCard store={store} payload={first} />;
  }
  return (
    <ul className="mdl-List mdl-mod-cell" aria-label={trans.__('Deployments')}>
      {payloads.map(payload => (
        <li key={payload.uid || payload.id}>
          <CellCard store={store} payload={payload} />
        </li>
      ))}
    </ul>
  );
}

export function CellCard({ store, payload }: CellCardProps): React.ReactElement {
  const { trans } = useHost();
  const state = React.useSyncExternalStore(store.subscribe, store.snapshot);
  const frame = React.useRef<HTMLDivElement>(null);
  useOpenWhileSeen(frame, store);
  const live = state.byId.get(payload.id);
  const same = live !== undefined && (payload.uid === '' || live.uid === payload.uid);
  const shown = same ? live : payload.deployment;
  const readOnly =
    state.server?.canWrite === false
      ? trans.__('You may look at deployments here but not change them')
      : undefined;
  return (
    <div ref={frame} className="mdl-CellCard">
      {shown === undefined ? (
        <Picture payload={payload} />
      ) : (
        <DeploymentCard
          deployment={shown}
          headingLevel={4}
          old={!same || state.freshness !== 'live'}
          pending={state.pending.get(payload.id)}
          refusal={state.refusals.get(payload.id)}
          readOnly={readOnly}
          onAct={(id, verb) => void store.act(id, verb)}
        />
      )}
      <Note state={state} gone={state.loaded && !same} />
    </div>
  );
}

function Picture({ payload }: { payload: Payload }): React.ReactElement {
  return (
    <article className="mdl-Card mdl-mod-old" aria-label={payload.name}>
      <header className="mdl-Card-head">
        <h4 className="mdl-Card-name">{payload.name}</h4>
        <StateChip state={payload.state} />
      </header>
      <CopyUrl url={payload.url} />
    </article>
  );
}

function Note({ state, gone }: { state: Snapshot; gone: boolean }): React.ReactElement | null {
  const { trans } = useHost();
  const text = gone
    ? trans.__('This deployment does not exist any more; this is how it was.')
    : state.obstacle === 'missing'
      ? trans.__('This Jupyter server has no mdeploy extension; this is how it was when the cell ran.')
      : state.obstacle !== null || state.engineAway !== null || (state.failure !== null && !state.loaded)
        ? trans.__('Nothing answers now; this is how it was when last seen.')
        : null;
  return (
    <p className="mdl-CellCard-note" role="status">
      {text}
    </p>
  );
}
