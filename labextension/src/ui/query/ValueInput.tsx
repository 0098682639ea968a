/** One value's field: what it is depends on the type that the signature gives. */

import * as React from 'react';
import { useHost } from '../host';
import type { Column } from './cells';

export interface ValueInputProps {
  column: Column;
  text: string;
  onChange: (text: string) => void;
  /** ARIA attributes and the id, from a `Field` or a grid's cell. */
  control: React.AriaAttributes & { id?: string; title?: string | undefined };
  compact?: boolean;
  /** What a missing value is taken for, in place of null. */
  fallback?: string | undefined;
}

const BOOLEANS = ['true', 'false'];

/** What the browser's own picker can hold without losing any of it. */
const PICKABLE = /^(?:\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)?$/;

export function ValueInput({
  column,
  text,
  onChange,
  control,
  compact,
  fallback
}: ValueInputProps): React.ReactElement {
  const { trans } = useHost();
  const { kind } = column.type;
  const empty = fallback ?? (column.nullable || !column.required ? 'null' : '');
  const shared = {
    ...control,
    className: 'mdl-Input',
    value: text,
    onChange: (event: React.ChangeEvent<HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement>) =>
      onChange(event.target.value)
  };
  if (kind === 'boolean' && (text === '' || BOOLEANS.includes(text))) {
    return (
      <select {...shared}>
        <option value="">{empty === '' ? trans.__('Choose…') : empty}</option>
        {BOOLEANS.map(each => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    );
  }
  if (kind === 'datetime' && PICKABLE.test(text) && compact !== true) {
    return <input {...shared} type="datetime-local" step="1" />;
  }
  const nested = ['array', 'object', 'map', 'tensor'].includes(kind);
  if (compact !== true && (nested || text.includes('\n') || text.length > 120)) {
    return <textarea {...shared} rows={3} placeholder={empty} spellCheck={false} data-code={nested} />;
  }
  const number = ['integer', 'long', 'float', 'double'].includes(kind);
  return (
    <input
      {...shared}
      type="text"
      inputMode={number ? 'decimal' : 'text'}
      placeholder={empty}
      spellCheck={false}
      autoComplete="off"
      dir={number ? 'ltr' : 'auto'}
    />
  );
}
