/** Every change of a deployment, newest first: a table, which becomes cards where it is narrow. */

import * as React from 'react';
import type { HistoryEntry } from '../../api/types';
import { useHost } from '../host';
import { useAgo } from '../time';
import { actionWord, modelOf, pairs, replicasOf, revisionOf } from './entry';

export interface HistoryTableProps {
  entries: readonly HistoryEntry[];
  /** Numbers of the entries that are compared. */
  chosen: readonly number[];
  onChoose: (number: number) => void;
  onView: (entry: HistoryEntry) => void;
  onRollback: (entry: HistoryEntry) => void;
  /** Why one cannot roll back to an entry. */
  because: (entry: HistoryEntry) => string | undefined;
}

const STEP = 100;

export function HistoryTable(props: HistoryTableProps): React.ReactElement {
  const { trans } = useHost();
  const [shown, setShown] = React.useState(STEP);
  const { entries } = props;
  const heads = [
    trans.__('Compare'),
    '#',
    trans.__('User'),
    trans.__('Action'),
    trans.__('Update Message'),
    trans.__('Timestamp'),
    trans.__('Deployment Stopped'),
    trans.__('Model'),
    trans.__('Revision'),
    trans.__('Replicas'),
    trans.__('Group'),
    trans.__('Instance Type'),
    trans.__('Description'),
    trans.__('Metadata'),
    trans.__('Actions')
  ];
  return (
    <div className="mdl-History-scroll" tabIndex={0} role="region" aria-label={trans.__('History')}>
      {/* The roles are said because the narrow form lays the table out as blocks, which would take them away. */}
      <table className="mdl-History" role="table">
        <thead role="rowgroup">
          <tr role="row">
            {heads.map(head => (
              <th key={head} role="columnheader" scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {entries.slice(0, shown).map(entry => (
            <HistoryRow key={entry.number} {...props} entry={entry} heads={heads} />
          ))}
        </tbody>
      </table>
      {entries.length > shown && (
        <button type="button" className="mdl-Button" onClick={() => setShown(shown + STEP)}>
          {trans.__('Show more (%1 left)', entries.length - shown)}
        </button>
      )}
    </div>
  );
}

interface HistoryRowProps extends HistoryTableProps {
  entry: HistoryEntry;
  heads: readonly string[];
}

function HistoryRow(props: HistoryRowProps): React.ReactElement {
  const { trans, locale } = useHost();
  const { entry, heads, because } = props;
  const { spec } = entry;
  const when = useAgo(entry.at);
  const blocked = because(entry);
  const texts: [string, string?][] = [
    [String(entry.number)],
    [entry.actor],
    [actionWord(entry.action, trans)],
    [entry.message],
    [when, new Date(entry.at).toLocaleString(locale)],
    [String(spec.stopped)],
    [modelOf(entry)],
    [revisionOf(entry, trans)],
    [replicasOf(entry)],
    [spec.group],
    [spec.template.instance_type],
    [spec.description],
    [pairs(spec.metadata)]
  ];
  const chosen = props.chosen.includes(entry.number);
  return (
    <tr role="row" className={chosen ? 'mdl-mod-chosen' : undefined}>
      <td role="cell" data-label={heads[0]} className="mdl-History-choice">
        <input
          type="checkbox"
          checked={chosen}
          aria-label={trans.__('Compare entry %1', entry.number)}
          onChange={() => props.onChoose(entry.number)}
        />
      </td>
      {texts.map(([text, title], at) => (
        <td
          key={at}
          role="cell"
          data-label={heads[at + 1]}
          data-empty={text === ''}
          title={title ?? text.slice(0, 2000)}
        >
          <span className="mdl-History-text">{text.slice(0, 500)}</span>
        </td>
      ))}
      <td role="cell" className="mdl-History-actions">
        <button
          type="button"
          className="mdl-Button"
          aria-label={trans.__('View entry %1', entry.number)}
          onClick={() => props.onView(entry)}
        >
          {trans.__('View')}
        </button>
        <button
          type="button"
          className="mdl-Button"
          aria-label={trans.__('Roll back to revision %1', entry.revision)}
          aria-disabled={blocked !== undefined}
          title={blocked}
          onClick={() => blocked === undefined && props.onRollback(entry)}
        >
          {trans.__('Roll back')}
        </button>
      </td>
    </tr>
  );
}
