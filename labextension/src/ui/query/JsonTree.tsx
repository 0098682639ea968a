/** JSON that folds: long lists show their beginning until more is wanted. */

import * as React from 'react';
import { useHost } from '../host';
import { isList, isObj, write, type Json } from './json';

const STEP = 100;
const OPEN = 2;

export function JsonTree({ value }: { value: Json }): React.ReactElement {
  return (
    <div className="mdl-Query-tree" dir="ltr">
      <Node value={value} depth={0} />
    </div>
  );
}

interface NodeProps {
  name?: string;
  value: Json;
  depth: number;
}

function Node({ name, value, depth }: NodeProps): React.ReactElement {
  const { trans } = useHost();
  const [open, setOpen] = React.useState(depth < OPEN);
  const label = name === undefined ? null : <span className="mdl-Query-key">{name}: </span>;
  if (!isList(value) && !isObj(value)) {
    return (
      <div className="mdl-Query-leaf">
        {label}
        <Leaf value={value} />
      </div>
    );
  }
  const children: readonly (readonly [string, Json])[] = isList(value)
    ? value.map((each, at) => [String(at), each] as const)
    : value.fields;
  const count = isList(value)
    ? trans._n('[%1 value]', '[%1 values]', children.length)
    : trans._n('{%1 field}', '{%1 fields}', children.length);
  return (
    <details open={open} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>
        {label}
        <span className="mdl-Query-type">{count}</span>
      </summary>
      {open && <Children entries={children} depth={depth} />}
    </details>
  );
}

function Children({
  entries,
  depth
}: {
  entries: readonly (readonly [string, Json])[];
  depth: number;
}): React.ReactElement {
  const { trans } = useHost();
  const [shown, setShown] = React.useState(STEP);
  return (
    <div className="mdl-Query-branch">
      {entries.slice(0, shown).map(([name, each], at) => (
        <Node key={at} name={name} value={each} depth={depth + 1} />
      ))}
      {entries.length > shown && (
        <button type="button" className="mdl-Button" onClick={() => setShown(shown + STEP)}>
          {trans.__('Show more (%1 left)', entries.length - shown)}
        </button>
      )}
    </div>
  );
}

export function Leaf({ value }: { value: Json }): React.ReactElement {
  const kind = value === null ? 'null' : typeof value === 'object' ? 'number' : typeof value;
  return <span className={`mdl-Query-${kind}`}>{write(value)}</span>;
}
