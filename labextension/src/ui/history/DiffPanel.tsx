/** Two entries of the history against each other: what is wanted, field by field, and model against model. */

import * as React from 'react';
import type { Diff, FieldChange } from '../../api/types';
import { useMount } from '../context';
import { useHost, type Translator } from '../host';
import { Notice } from '../kit/Notice';
import { Problem } from '../kit/Problem';
import { useResource } from '../resource';
import { ChangeList } from './ChangeList';

export interface DiffPanelProps {
  id: string;
  of: Diff['of'];
  before: number;
  after: number;
}

export function DiffPanel({ id, of, before, after }: DiffPanelProps): React.ReactElement {
  const { trans } = useHost();
  const { store } = useMount();
  const { value, error, loading, reload } = useResource(
    signal => store.api.diff(id, before, after, of, signal),
    [store.api, id, of, before, after]
  );
  if (error !== null) {
    return (
      <Problem problem={error}>
        <button type="button" className="mdl-Button" onClick={reload}>
          {trans.__('Try again')}
        </button>
      </Problem>
    );
  }
  const current = value?.before === before && value.after === after ? value : undefined;
  if (current === undefined) {
    return <Notice busy title={trans.__('Comparing…')} />;
  }
  return (
    <div className="mdl-History-diff" aria-busy={loading}>
      {current.changes.length === 0 ? (
        <p className="mdl-History-same">{trans.__('Nothing that is wanted differs.')}</p>
      ) : (
        <ChangeList changes={current.changes} />
      )}
      <Models diff={current} />
    </div>
  );
}

function Models({ diff }: { diff: Diff }): React.ReactElement | null {
  const { trans } = useHost();
  const { model, note } = diff;
  if (model === null && note === '') {
    return null;
  }
  return (
    <section aria-label={trans.__('Model against model')}>
      <h3 className="mdl-History-title">{trans.__('Model against model')}</h3>
      {note !== '' && <p className="mdl-History-note">{note}</p>}
      {model?.length === 0 && (
        <p className="mdl-History-same">{trans.__('Nothing that is recorded about the models differs.')}</p>
      )}
      {groups(model ?? []).map(([name, changes]) => (
        <div key={name} className="mdl-History-group">
          <h4>{groupWord(name, trans)}</h4>
          <ChangeList changes={changes} numbers />
        </div>
      ))}
    </section>
  );
}

/** Metrics first: they are why one compares models. */
const ORDER = ['metrics', 'params', 'signature', 'tags'];

function groups(changes: readonly FieldChange[]): [string, FieldChange[]][] {
  const found = new Map<string, FieldChange[]>();
  for (const change of changes) {
    const [first = ''] = change.path.split('.', 1);
    const name = ORDER.includes(first) ? first : '';
    found.set(name, [...(found.get(name) ?? []), change]);
  }
  return [...ORDER, ''].flatMap(name => {
    const changesOf = found.get(name);
    return changesOf === undefined ? [] : [[name, changesOf] as [string, FieldChange[]]];
  });
}

function groupWord(name: string, trans: Translator): string {
  switch (name) {
    case 'metrics':
      return trans.__('Metrics');
    case 'params':
      return trans.__('Parameters');
    case 'signature':
      return trans.__('Signature');
    case 'tags':
      return trans.__('Tags');
    default:
      return trans.__('Other');
  }
}
