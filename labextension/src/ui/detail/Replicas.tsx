/** The running copies: state, restarts, memory, CPU. Asked again when something happens to the deployment. */

import * as React from 'react';
import type { Deployment, Replica } from '../../api/types';
import { useDeployments, useMount } from '../context';
import { useHost, type Translator } from '../host';
import { RefreshIcon } from '../kit/icons';
import { Problem } from '../kit/Problem';
import { Section } from '../kit/Section';
import * as commands from '../line/commands';
import { LineButton } from '../line/LineButton';
import { shortReplica } from '../logs/names';
import { useResource } from '../resource';
import { useAgo } from '../time';

const MEGABYTE = 1024 * 1024;

export function Replicas({ deployment }: { deployment: Deployment }): React.ReactElement {
  const { trans } = useHost();
  const { store } = useMount();
  const state = useDeployments();
  const { id, status, resource_version: version } = deployment;
  const { value, error, reload } = useResource(
    signal => store.api.replicas(id, signal),
    [id, version, state.events.get(id), status.replicas.ready, status.state, state.freshness]
  );
  return (
    <Section
      title={trans.__('Replicas')}
      actions={
        <span className="mdl-Section-actions">
          <button
            type="button"
            className="mdl-IconButton"
            aria-label={trans.__('Measure memory and CPU again')}
            title={trans.__('Measure memory and CPU again')}
            onClick={reload}
          >
            <RefreshIcon />
          </button>
          <LineButton
            command={commands.replicas(id)}
            action={trans.__('Replicas of %1', deployment.spec.name)}
          />
        </span>
      }
    >
      {error !== null && state.freshness === 'live' && <Problem problem={error} />}
      {value !== undefined && value.length === 0 && (
        <p className="mdl-Soft">
          {deployment.spec.stopped ? trans.__('It is stopped: none runs.') : trans.__('None runs now.')}
        </p>
      )}
      {value !== undefined && value.length > 0 && <Table replicas={value} />}
    </Section>
  );
}

/** Roles are written out: a table that is folded into lists has none of its own. */
function Table({ replicas }: { replicas: Replica[] }): React.ReactElement {
  const { trans } = useHost();
  return (
    <table className="mdl-SmallTable mdl-mod-folding" role="table">
      <thead>
        <tr>
          <th scope="col">{trans.__('Replica')}</th>
          <th scope="col">{trans.__('Revision')}</th>
          <th scope="col">{trans.__('State')}</th>
          <th scope="col">{trans.__('Restarts')}</th>
          <th scope="col">{trans.__('Memory')}</th>
          <th scope="col">{trans.__('CPU time')}</th>
          <th scope="col">{trans.__('Since')}</th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {replicas.map(replica => (
          <ReplicaRow key={replica.id} replica={replica} />
        ))}
      </tbody>
    </table>
  );
}

function ReplicaRow({ replica }: { replica: Replica }): React.ReactElement {
  const { trans, locale } = useHost();
  const memory = replica.memory_bytes;
  const seconds = replica.cpu_seconds;
  return (
    <tr role="row">
      <th role="rowheader" scope="row" className="mdl-mod-code" title={replica.id}>
        {shortReplica(replica.id)}
      </th>
      <td role="cell" data-label={trans.__('Revision')}>
        {replica.revision}
      </td>
      <td role="cell" data-label={trans.__('State')} title={replica.message || undefined}>
        <span className={`mdl-Chip mdl-Replica-${replica.state}`}>
          <span className="mdl-Chip-dot" aria-hidden="true" />
          {replicaWord(replica.state, trans)}
        </span>
      </td>
      <td role="cell" data-label={trans.__('Restarts')}>
        {replica.restarts}
      </td>
      <td role="cell" data-label={trans.__('Memory')}>
        {memory === null ? '—' : trans.__('%1 MB', Math.round(memory / MEGABYTE).toLocaleString(locale))}
      </td>
      <td role="cell" data-label={trans.__('CPU time')}>
        {seconds === null
          ? '—'
          : trans.__('%1 s', seconds.toLocaleString(locale, { maximumFractionDigits: 1 }))}
      </td>
      <td role="cell" data-label={trans.__('Since')}>
        {replica.started_at === null ? '—' : <Ago at={replica.started_at} />}
      </td>
    </tr>
  );
}

function Ago({ at }: { at: string }): React.ReactElement {
  const when = useAgo(at);
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {when}
    </time>
  );
}

function replicaWord(state: Replica['state'], trans: Translator): string {
  switch (state) {
    case 'starting':
      return trans.__('Starting');
    case 'ready':
      return trans.__('Ready');
    case 'unhealthy':
      return trans.__('Unhealthy');
    case 'stopping':
      return trans.__('Stopping');
    case 'exited':
      return trans.__('Exited');
  }
}
