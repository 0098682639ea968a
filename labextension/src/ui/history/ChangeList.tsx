/** Fields that differ: what each was and is; long values fold, numbers say by how much. */

import * as React from 'react';
import type { FieldChange } from '../../api/types';
import { useHost } from '../host';

const LONG = 160;

export interface ChangeListProps {
  changes: readonly FieldChange[];
  /** Say by how much a number changed. */
  numbers?: boolean;
}

export function ChangeList({ changes, numbers }: ChangeListProps): React.ReactElement {
  const { trans } = useHost();
  return (
    <table className="mdl-Changes">
      <thead>
        <tr>
          <th scope="col">{trans.__('Field')}</th>
          <th scope="col">{trans.__('Before')}</th>
          <th scope="col">{trans.__('After')}</th>
        </tr>
      </thead>
      <tbody>
        {told(changes).map(change => (
          <tr key={change.path}>
            <th scope="row" title={change.path}>
              {change.path.replace(/^template\./, '')}
            </th>
            <td className="mdl-mod-before" data-label={trans.__('Before')}>
              <Value value={change.old} />
            </td>
            <td className="mdl-mod-after" data-label={trans.__('After')}>
              <Value value={change.new} />
              {numbers === true && <Difference change={change} />}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What follows from another model's URI is not told beside it: its digest, its id, where it is stored. */
function told(changes: readonly FieldChange[]): readonly FieldChange[] {
  const uri = changes.find(({ path }) => path === 'model.uri' || path === 'template.model.uri');
  const base = uri?.path.replace(/uri$/, '') ?? '';
  const follows = ['digest', 'model_id', 'requested', 'source', 'version'].map(each => `${base}${each}`);
  return uri === undefined ? changes : changes.filter(({ path }) => !follows.includes(path));
}

function Value({ value }: { value: unknown }): React.ReactElement {
  const { trans } = useHost();
  if (value === null || value === undefined || value === '') {
    return <span className="mdl-History-none">{value === '' ? trans.__('empty') : trans.__('not set')}</span>;
  }
  const text = textOf(value);
  return text.length <= LONG ? (
    <span className="mdl-Changes-value">{text}</span>
  ) : (
    <details>
      <summary>{`${text.slice(0, 60)}…`}</summary>
      <pre className="mdl-Changes-long" tabIndex={0}>
        {text}
      </pre>
    </details>
  );
}

/** A list of plain records reads as lines of names and values; whatever else is no text, as JSON. */
function textOf(value: unknown): string {
  if (typeof value === 'string') {
    return value;
  }
  if (Array.isArray(value) && value.length > 0 && value.every(isPlain)) {
    return value
      .map(each =>
        Object.entries(each)
          .filter(([, part]) => part !== '' && part !== null)
          .map(([name, part]) => `${name} ${String(part)}`)
          .join(', ')
      )
      .join('\n');
  }
  return JSON.stringify(value, null, 2);
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(part => typeof part !== 'object' || part === null)
  );
}

function Difference({ change }: { change: FieldChange }): React.ReactElement | null {
  const { locale } = useHost();
  const [before, after] = [number(change.old), number(change.new)];
  if (before === null || after === null || !change.path.startsWith('metrics.')) {
    return null;
  }
  const format = new Intl.NumberFormat(locale, { maximumSignificantDigits: 4, signDisplay: 'exceptZero' });
  return <span className="mdl-Changes-by">{` (${format.format(after - before)})`}</span>;
}

function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
