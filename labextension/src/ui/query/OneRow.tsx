/** The rows as a form, one at a time. */

import * as React from 'react';
import { useHost } from '../host';
import type { Column, Row } from './cells';
import { FormEditor } from './FormEditor';

interface OneRowProps {
  columns: readonly Column[];
  rows: readonly Row[];
  onChange: (rows: readonly Row[]) => void;
}

export function OneRow({ columns, rows, onChange }: OneRowProps): React.ReactElement {
  const { trans } = useHost();
  const [at, setAt] = React.useState(0);
  const shown = Math.min(at, rows.length - 1);
  return (
    <>
      {rows.length > 1 && (
        <div className="mdl-Query-bar">
          <button
            type="button"
            className="mdl-Button"
            aria-disabled={shown === 0}
            title={shown === 0 ? trans.__('This is the first row') : undefined}
            onClick={() => shown > 0 && setAt(shown - 1)}
          >
            {trans.__('Previous')}
          </button>
          <span>{trans.__('Row %1 of %2', shown, rows.length)}</span>
          <button
            type="button"
            className="mdl-Button"
            aria-disabled={shown === rows.length - 1}
            title={shown === rows.length - 1 ? trans.__('This is the last row') : undefined}
            onClick={() => shown < rows.length - 1 && setAt(shown + 1)}
          >
            {trans.__('Next')}
          </button>
        </div>
      )}
      <FormEditor
        columns={columns}
        row={rows[shown] ?? {}}
        onChange={row => onChange(rows.map((each, index) => (index === shown ? row : each)))}
      />
    </>
  );
}
