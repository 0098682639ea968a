/** The answer as a table; beside it the kernel's own, with the rows that differ marked. */

import * as React from 'react';
import { useHost } from '../host';
import type { AnswerTable as Shown, Comparison } from './answer';
import { isNum, write, type Json } from './json';

const STEP = 200;
const LONGEST = 200;

export interface AnswerTableProps {
  table: Shown;
  label: string;
  comparison?: Comparison | null;
}

export function AnswerTable({ table, label, comparison }: AnswerTableProps): React.ReactElement {
  const { trans } = useHost();
  const [shown, setShown] = React.useState(STEP);
  const height = Math.max(table.rows.length, comparison?.kernel.rows.length ?? 0);
  return (
    <div className="mdl-Query-scroll" tabIndex={0} role="region" aria-label={label}>
      <table className="mdl-Query-table">
        <thead>
          {comparison && (
            <tr>
              <td />
              <th colSpan={table.columns.length} scope="colgroup">
                {trans.__('Endpoint')}
              </th>
              <th colSpan={comparison.kernel.columns.length} scope="colgroup" className="mdl-mod-beside">
                {trans.__('Kernel')}
              </th>
              <td />
            </tr>
          )}
          <tr>
            <th scope="col" className="mdl-Query-number">
              #
            </th>
            <Names columns={table.columns} />
            {comparison && <Names columns={comparison.kernel.columns} beside />}
            {comparison && <th scope="col">{trans.__('Same')}</th>}
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: Math.min(shown, height) }, (_, at) => {
            const same = comparison?.agreed[at];
            return (
              <tr key={at} className={same === false ? 'mdl-mod-differs' : undefined}>
                <th scope="row" className="mdl-Query-number">
                  {at}
                </th>
                <Cells columns={table.columns} row={table.rows[at]} />
                {comparison && (
                  <Cells columns={comparison.kernel.columns} row={comparison.kernel.rows[at]} beside />
                )}
                {comparison && <td>{same === true ? trans.__('yes') : trans.__('differs')}</td>}
              </tr>
            );
          })}
        </tbody>
      </table>
      {height > shown && (
        <button type="button" className="mdl-Button" onClick={() => setShown(shown + STEP)}>
          {trans.__('Show more (%1 left)', height - shown)}
        </button>
      )}
    </div>
  );
}

function Names({ columns, beside }: { columns: readonly string[]; beside?: boolean }): React.ReactElement {
  const { trans } = useHost();
  return (
    <>
      {columns.map((name, at) => (
        <th
          key={at}
          scope="col"
          title={name}
          className={beside === true && at === 0 ? 'mdl-mod-beside' : undefined}
        >
          <span className="mdl-Query-column">{name === '' ? trans.__('answer') : name}</span>
        </th>
      ))}
    </>
  );
}

interface CellsProps {
  columns: readonly string[];
  row: readonly Json[] | undefined;
  beside?: boolean;
}

function Cells({ columns, row, beside }: CellsProps): React.ReactElement {
  return (
    <>
      {columns.map((_, at) => {
        const value = row?.[at];
        const text = value === undefined ? '' : typeof value === 'string' ? value : write(value);
        const kind = value === null ? 'mdl-Query-null' : isNum(value) ? 'mdl-Query-right' : '';
        return (
          <td
            key={at}
            className={`${kind}${beside === true && at === 0 ? ' mdl-mod-beside' : ''}`}
            title={text.slice(0, 2000)}
          >
            {text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}
          </td>
        );
      })}
    </>
  );
}
