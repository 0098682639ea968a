/** What can be done with the selected deployments, and what became of it. */

import * as React from 'react';
import type { Deployment } from '../../api/types';
import { useMount } from '../context';
import { useHost, type Translator } from '../host';
import { Confirm } from '../kit/Confirm';
import { CloseIcon, DeleteIcon, StartIcon, StopIcon } from '../kit/icons';
import { remove, start, stop } from '../line/commands';
import { LineButton } from '../line/LineButton';
import type { Verb } from '../store';
import { useBulk, type Work } from './bulk';
import { DeleteMany } from './DeleteMany';
import type { Selection } from './selection';

const LINES = { start, stop, delete: remove };

export interface SelectionBarProps {
  shown: readonly Deployment[];
  selection: Selection;
  frozen: string | undefined;
}

export function SelectionBar({ shown, selection, frozen }: SelectionBarProps): React.ReactElement | null {
  const { store } = useMount();
  const { trans } = useHost();
  const bulk = useBulk(store);
  const [asking, setAsking] = React.useState<'stop' | 'delete' | null>(null);
  const selected = shown.filter(each => selection.ids.has(each.id));
  const running = bulk.work !== null && bulk.work.done < bulk.work.total;
  const run = (verb: Verb, deployments: readonly Deployment[]): void => {
    setAsking(null);
    if (verb === 'delete') {
      selection.clear();
    }
    void bulk.run(verb, deployments);
  };
  const stoppable = selected.filter(({ spec }) => !spec.stopped);
  const startable = selected.filter(({ spec, status }) => spec.stopped || status.state === 'failed');
  const busy = running ? trans.__('In progress') : undefined;
  if (selected.length === 0 && bulk.work === null) {
    return null;
  }
  return (
    <div className="mdl-SelectionBar">
      {selected.length > 0 && (
        <div className="mdl-SelectionBar-row" role="group" aria-label={trans.__('Selected deployments')}>
          <span role="status">{trans._n('%1 selected', '%1 selected', selected.length)}</span>
          <BulkAction
            verb="start"
            of={startable}
            because={
              frozen ??
              busy ??
              (startable.length === 0 ? trans.__('None of them is stopped or failed') : undefined)
            }
            onClick={() => run('start', startable)}
          />
          <BulkAction
            verb="stop"
            of={stoppable}
            because={
              frozen ?? busy ?? (stoppable.length === 0 ? trans.__('All of them are stopped') : undefined)
            }
            onClick={() => setAsking('stop')}
          />
          <BulkAction
            verb="delete"
            of={selected}
            because={frozen ?? busy}
            onClick={() => setAsking('delete')}
          />
          <button
            type="button"
            className="mdl-IconButton"
            aria-label={trans.__('Clear the selection')}
            title={trans.__('Clear the selection')}
            onClick={selection.clear}
          >
            <CloseIcon />
          </button>
        </div>
      )}
      {bulk.work !== null && <Progress work={bulk.work} onDismiss={bulk.dismiss} />}
      {asking === 'stop' && (
        <Confirm
          title={trans._n('Stop %1 deployment?', 'Stop %1 deployments?', stoppable.length)}
          action={trans.__('Stop')}
          danger
          onConfirm={() => run('stop', stoppable)}
          onClose={() => setAsking(null)}
        >
          <p>{trans.__('Their URLs stay and answer 503 until they are started again.')}</p>
          <Names deployments={stoppable} />
        </Confirm>
      )}
      {asking === 'delete' && (
        <DeleteMany
          deployments={selected}
          onConfirm={() => run('delete', selected)}
          onClose={() => setAsking(null)}
        >
          <Names deployments={selected} />
        </DeleteMany>
      )}
    </div>
  );
}

function Names({ deployments }: { deployments: readonly Deployment[] }): React.ReactElement {
  const { trans } = useHost();
  return (
    <ul className="mdl-Names" tabIndex={0} aria-label={trans.__('Deployments')}>
      {deployments.map(({ id, spec }) => (
        <li key={id} dir="auto" title={spec.name}>
          {spec.name === id ? id : trans.__('%1 (%2)', spec.name, id)}
        </li>
      ))}
    </ul>
  );
}

interface BulkActionProps {
  verb: Verb;
  of: readonly Deployment[];
  because: string | undefined;
  onClick: () => void;
}

function BulkAction({ verb, of, because, onClick }: BulkActionProps): React.ReactElement {
  const { trans } = useHost();
  const icons = { start: <StartIcon />, stop: <StopIcon />, delete: <DeleteIcon /> };
  const label = {
    start: trans.__('Start'),
    stop: trans.__('Stop'),
    delete: trans.__('Delete')
  }[verb];
  const commands = of.map(({ id }) => LINES[verb](id));
  return (
    <span className="mdl-Action">
      <button
        type="button"
        className="mdl-Button"
        aria-label={trans.__('%1 the selected ones', label)}
        aria-disabled={because !== undefined}
        title={because}
        onClick={() => {
          if (because === undefined) {
            onClick();
          }
        }}
      >
        {icons[verb]}
        {label}
      </button>
      {commands.length > 0 && (
        <LineButton command={commands} action={trans.__('%1 the selected ones', label)} />
      )}
    </span>
  );
}

function Progress({ work, onDismiss }: { work: Work; onDismiss: () => void }): React.ReactElement {
  const { trans } = useHost();
  const running = work.done < work.total;
  return (
    <div className="mdl-Progress" role="status">
      <div className="mdl-SelectionBar-row">
        <span>{progressText(work, trans)}</span>
        {running ? (
          <progress max={work.total} value={work.done} aria-label={progressText(work, trans)} />
        ) : (
          <button
            type="button"
            className="mdl-IconButton"
            aria-label={trans.__('Dismiss')}
            title={trans.__('Dismiss')}
            onClick={onDismiss}
          >
            <CloseIcon />
          </button>
        )}
      </div>
      {work.refused.length > 0 && (
        <ul className="mdl-Refused">
          {work.refused.map(({ deployment, error }) => (
            <li key={deployment.id}>
              <b dir="auto">{deployment.spec.name}</b>: {error.message}
              {error.hint !== '' && <span className="mdl-Hint"> {error.hint}</span>}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function progressText({ verb, done, total, refused }: Work, trans: Translator): string {
  if (done < total) {
    switch (verb) {
      case 'start':
        return trans.__('Starting %1 of %2', done + 1, total);
      case 'stop':
        return trans.__('Stopping %1 of %2', done + 1, total);
      case 'delete':
        return trans.__('Deleting %1 of %2', done + 1, total);
    }
  }
  const accepted = total - refused.length;
  const failed = refused.length === 0 ? '' : ` ${trans.__('%1 refused:', refused.length)}`;
  switch (verb) {
    case 'start':
      return trans._n('%1 deployment starts.', '%1 deployments start.', accepted) + failed;
    case 'stop':
      return trans._n('%1 deployment stops.', '%1 deployments stop.', accepted) + failed;
    case 'delete':
      return trans._n('%1 deployment deleted.', '%1 deployments deleted.', accepted) + failed;
  }
}
