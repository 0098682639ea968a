/** What is above a log: whose lines, the search, how they look, and the file with all of them. */

import * as React from 'react';
import type { Deployment, LogReplica } from '../../api/types';
import { useDeployments, useMount } from '../context';
import { useHost } from '../host';
import { ClockIcon, DownloadIcon, WrapIcon } from '../kit/icons';
import * as commands from '../line/commands';
import { LineButton } from '../line/LineButton';
import { useResource } from '../resource';
import { queryOf, type LogFilter } from './feed';
import { shortReplica } from './names';
import type { Look } from './Row';

export interface LogsBarProps {
  deployment: Pick<Deployment, 'id' | 'spec' | 'status'>;
  filter: LogFilter;
  onFilter: (filter: LogFilter) => void;
  /** How many replicas wrote the lines that are here: more than before is a reason to ask for their names. */
  wrote: number;
  look: Pick<Look, 'wrap' | 'times'>;
  onLook: (look: Pick<Look, 'wrap' | 'times'>) => void;
  /** The search. */
  children: React.ReactNode;
}

export function LogsBar(props: LogsBarProps): React.ReactElement {
  const { trans } = useHost();
  const { deployment, filter, look, onLook } = props;
  return (
    <div className="mdl-LogsBar">
      <Sources {...props} />
      {props.children}
      <div className="mdl-LogsBar-actions">
        <button
          type="button"
          className="mdl-IconButton"
          aria-pressed={look.wrap}
          aria-label={trans.__('Wrap long lines')}
          title={trans.__('Wrap long lines')}
          onClick={() => onLook({ ...look, wrap: !look.wrap })}
        >
          <WrapIcon />
        </button>
        <button
          type="button"
          className="mdl-IconButton"
          aria-pressed={look.times}
          aria-label={trans.__('Time stamps')}
          title={trans.__('Time stamps')}
          onClick={() => onLook({ ...look, times: !look.times })}
        >
          <ClockIcon />
        </button>
        <Download {...props} />
        <LineButton
          command={commands.logs(deployment.id, filter)}
          action={trans.__('Logs of %1', deployment.spec.name)}
        />
      </div>
    </div>
  );
}

function Download({ deployment, filter }: LogsBarProps): React.ReactElement {
  const { trans, download } = useHost();
  const [problem, setProblem] = React.useState('');
  const query = queryOf(filter);
  query.set('download', 'true');
  const name = [deployment.id, filter.replica ?? filter.revision ?? ''].filter(Boolean).join('-');
  return (
    <>
      <button
        type="button"
        className="mdl-Button"
        aria-label={trans.__('Download')}
        title={trans.__('Download everything that is kept')}
        onClick={() => {
          download(`/deployments/${encodeURIComponent(deployment.id)}/logs?${query}`, `${name}.log`).then(
            () => setProblem(''),
            (error: unknown) => setProblem(error instanceof Error ? error.message : String(error))
          );
        }}
      >
        <DownloadIcon />
        <span className="mdl-LogsBar-word">{trans.__('Download')}</span>
      </button>
      <span className="mdl-Field-error" role="status">
        {problem}
      </span>
    </>
  );
}

function Sources({ deployment, filter, onFilter, wrote }: LogsBarProps): React.ReactElement {
  const { trans } = useHost();
  const { store } = useMount();
  const state = useDeployments();
  const { value = [] } = useResource(
    signal => store.api.logReplicas(deployment.id, signal),
    [deployment.id, state.events.get(deployment.id), wrote]
  );
  const revisions = [...new Set(value.map(each => each.revision))].sort((a, b) => b - a);
  const shown = value.filter(each => filter.revision === undefined || each.revision === filter.revision);
  return (
    <>
      <select
        className="mdl-Input mdl-LogsBar-source"
        aria-label={trans.__('Revision')}
        value={filter.revision ?? ''}
        onChange={event =>
          onFilter(event.target.value === '' ? {} : { revision: Number(event.target.value) })
        }
      >
        <option value="">{trans.__('All revisions')}</option>
        {withChosen(revisions, filter.revision).map(revision => (
          <option key={revision} value={revision}>
            {trans.__('Revision %1', revision)}
          </option>
        ))}
      </select>
      <select
        className="mdl-Input mdl-LogsBar-source"
        aria-label={trans.__('Replicas')}
        value={filter.replica ?? ''}
        onChange={event => {
          const rest = filter.revision === undefined ? {} : { revision: filter.revision };
          onFilter(event.target.value === '' ? rest : { ...rest, replica: event.target.value });
        }}
      >
        <option value="">{trans.__('All replicas')}</option>
        {withChosen(
          shown.map(each => each.replica),
          filter.replica
        ).map(id => (
          <ReplicaOption key={id} id={id} replica={value.find(each => each.replica === id)} />
        ))}
      </select>
    </>
  );
}

/** What is chosen stays in the list, also when it is not there any more. */
function withChosen<T>(values: readonly T[], chosen: T | undefined): readonly T[] {
  return chosen === undefined || values.includes(chosen) ? values : [chosen, ...values];
}

function ReplicaOption({ id, replica }: { id: string; replica: LogReplica | undefined }): React.ReactElement {
  const { trans } = useHost();
  const name = shortReplica(id);
  return (
    <option value={id} title={id}>
      {replica === undefined
        ? name
        : replica.live
          ? trans.__('%1 · revision %2', name, replica.revision)
          : trans.__('%1 · revision %2 · exited', name, replica.revision)}
    </option>
  );
}
