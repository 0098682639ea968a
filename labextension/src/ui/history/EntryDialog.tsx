/** One entry of the history, with every field it has. */

import * as React from 'react';
import type { HistoryEntry } from '../../api/types';
import { useHost, type Translator } from '../host';
import { Dialog } from '../kit/Dialog';
import { ChangeList } from './ChangeList';
import { actionWord, replicasOf, revisionOf } from './entry';

export function EntryDialog({
  entry,
  onClose
}: {
  entry: HistoryEntry;
  onClose: () => void;
}): React.ReactElement {
  const { trans, locale } = useHost();
  return (
    <Dialog title={trans.__('Entry %1: %2', entry.number, actionWord(entry.action, trans))} onClose={onClose}>
      <div className="mdl-Dialog-body">
        <dl className="mdl-Entry">
          {fieldsOf(entry, trans, locale).map(([name, value]) => (
            <React.Fragment key={name}>
              <dt>{name}</dt>
              <dd>{typeof value === 'string' ? <Value text={value} /> : <Pairs values={value} />}</dd>
            </React.Fragment>
          ))}
        </dl>
        {entry.changes.length > 0 && (
          <section aria-label={trans.__('Changes')}>
            <h3 className="mdl-History-title">{trans.__('Changes')}</h3>
            <ChangeList changes={entry.changes} />
          </section>
        )}
        <div className="mdl-Dialog-foot">
          <button type="button" className="mdl-Button" onClick={onClose}>
            {trans.__('Close')}
          </button>
        </div>
      </div>
    </Dialog>
  );
}

type Fields = [string, string | Readonly<Record<string, string>>][];

function fieldsOf(entry: HistoryEntry, trans: Translator, locale: string): Fields {
  const { spec } = entry;
  const { template } = spec;
  return [
    [trans.__('User'), entry.actor],
    [trans.__('Deployment Stopped'), String(spec.stopped)],
    [trans.__('Model URI'), template.model.uri],
    [trans.__('Model Image'), template.image],
    [trans.__('Revision'), revisionOf(entry, trans)],
    [trans.__('Replicas'), replicasOf(entry)],
    [trans.__('Deployment Name'), spec.name],
    [trans.__('Group'), spec.group],
    [trans.__('Instance Type'), template.instance_type],
    [trans.__('Access Type'), spec.public ? trans.__('Public') : trans.__('Private')],
    [trans.__('Timestamp'), new Date(entry.at).toLocaleString(locale)],
    [trans.__('Description'), spec.description],
    [trans.__('Metadata'), spec.metadata],
    [trans.__('Environment variables'), template.env],
    [trans.__('Secret references'), template.secret_env],
    [trans.__('Update Message'), entry.message]
  ];
}

function Value({ text }: { text: string }): React.ReactElement {
  return text === '' ? <span className="mdl-History-none">–</span> : <>{text}</>;
}

function Pairs({ values }: { values: Readonly<Record<string, string>> }): React.ReactElement {
  const entries = Object.entries(values);
  return entries.length === 0 ? (
    <Value text="" />
  ) : (
    <ul className="mdl-Entry-pairs">
      {entries.map(([name, value]) => (
        <li key={name}>
          <b>{name}</b> {value}
        </li>
      ))}
    </ul>
  );
}
