/** A deployment's history: every change, any two of them compared, and the way back to each. */

import * as React from 'react';
import type { Deployment, HistoryEntry } from '../../api/types';
import { useDeployments, useFrozen, useMount } from '../context';
import { useHost } from '../host';
import { Notice } from '../kit/Notice';
import { Problem } from '../kit/Problem';
import { useResource } from '../resource';
import { DiffPanel } from './DiffPanel';
import { EntryDialog } from './EntryDialog';
import { HistoryTable } from './HistoryTable';
import { RollbackDialog } from './RollbackDialog';

type Opened = { view: HistoryEntry } | { rollback: number } | null;

export function HistoryView({ deployment }: { deployment: Deployment }): React.ReactElement {
  const { trans } = useHost();
  const { store } = useMount();
  const { events } = useDeployments();
  const { id, resource_version: version, status } = deployment;
  const [picked, setPicked] = React.useState<readonly number[] | null>(null);
  const [opened, setOpened] = React.useState<Opened>(null);
  const because = useBecause(deployment);
  const { value, error, reload } = useResource(
    signal => store.api.history(id, signal),
    [store.api, id, version, status.revision, events.get(id)]
  );
  const entries = React.useMemo(() => [...(value ?? [])].sort((a, b) => b.number - a.number), [value]);
  if (value === undefined) {
    return error === null ? (
      <Notice busy title={trans.__('Loading the history…')} />
    ) : (
      <Notice tone="warn" title={error.message} action={{ label: trans.__('Try again'), onClick: reload }}>
        {error.hint}
      </Notice>
    );
  }
  // Until somebody chooses, the newest change is compared with the state before it.
  const chosen = picked ?? entries.slice(0, 2).map(each => each.number);
  const choose = (number: number): void =>
    setPicked(
      chosen.includes(number) ? chosen.filter(each => each !== number) : [number, ...chosen.slice(0, 1)]
    );
  return (
    <div className="mdl-HistoryBox">
      {error !== null && <Problem problem={error} />}
      <HistoryTable
        entries={entries}
        chosen={chosen}
        onChoose={choose}
        onView={entry => setOpened({ view: entry })}
        onRollback={entry => setOpened({ rollback: entry.revision })}
        because={because}
      />
      <Compared id={id} chosen={chosen} only={entries.length < 2} />
      {opened !== null &&
        ('view' in opened ? (
          <EntryDialog entry={opened.view} onClose={() => setOpened(null)} />
        ) : (
          <RollbackDialog deployment={deployment} to={opened.rollback} onClose={() => setOpened(null)} />
        ))}
    </div>
  );
}

/** Why one cannot roll back to an entry. */
function useBecause({ status }: Deployment): (entry: HistoryEntry) => string | undefined {
  const { trans } = useHost();
  const frozen = useFrozen();
  return entry =>
    frozen ??
    (entry.revision === status.revision
      ? trans.__('Revision %1 is the newest one already', entry.revision)
      : undefined);
}

interface ComparedProps {
  id: string;
  chosen: readonly number[];
  only: boolean;
}

function Compared({ id, chosen, only }: ComparedProps): React.ReactElement {
  const { trans } = useHost();
  const [before, after] = [...chosen].sort((a, b) => a - b);
  if (before === undefined || after === undefined) {
    return (
      <p className="mdl-History-note">
        {only
          ? trans.__('There is one entry: nothing to compare yet.')
          : trans.__('Choose two entries to compare.')}
      </p>
    );
  }
  return (
    <section className="mdl-History-compared" aria-labelledby={`mdl-compared-${id}`}>
      <h3 id={`mdl-compared-${id}`} className="mdl-History-title">
        {trans.__('From entry %1 to entry %2', before, after)}
      </h3>
      <DiffPanel id={id} of="history" before={before} after={after} />
    </section>
  );
}
