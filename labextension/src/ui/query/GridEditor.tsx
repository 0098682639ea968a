/** Several rows as a table that is typed and pasted into; it shows a page of rows at a time, however many there are. */

import * as React from 'react';
import { useHost } from '../host';
import { AddIcon, CloseIcon } from '../kit/icons';
import { readCell, type Column, type Row } from './cells';
import { columnName } from './FormEditor';
import { Pages } from './Pages';
import { paste, type Pasted } from './paste';
import { ValueInput } from './ValueInput';
import { wrongWord } from './words';

export interface GridEditorProps {
  columns: readonly Column[];
  rows: readonly Row[];
  onChange: (rows: readonly Row[]) => void;
  onPasted: (pasted: Pasted) => void;
}

/** Fields that a page has at most. */
const FIELDS = 600;

export function GridEditor({ columns, rows, onChange, onPasted }: GridEditorProps): React.ReactElement {
  const { trans } = useHost();
  const [page, setPage] = React.useState(0);
  const body = React.useRef<HTMLTableSectionElement>(null);
  const size = Math.min(50, Math.max(5, Math.floor(FIELDS / Math.max(1, columns.length))));
  const last = Math.max(0, Math.ceil(rows.length / size) - 1);
  const first = Math.min(page, last) * size;
  const set = (at: number, key: string, text: string): void =>
    onChange(rows.map((row, index) => (index === at ? { ...row, [key]: text } : row)));
  const onPaste = (event: React.ClipboardEvent): void => {
    const text = event.clipboardData.getData('text/plain');
    const cell = placeOf(event.target);
    if (cell === null || !/[\t\n]/.test(text.trimEnd())) {
      return;
    }
    event.preventDefault();
    const pasted = paste(text, columns, cell.column);
    onChange(laid(rows, pasted.rows, first + cell.row));
    onPasted(pasted);
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' || event.key === 'Enter' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    const cell = placeOf(event.target);
    const ours = event.target instanceof HTMLInputElement && !event.ctrlKey && !event.metaKey;
    if (step === 0 || cell === null || !ours) {
      return;
    }
    event.preventDefault();
    const row = body.current?.rows[cell.row + step];
    row?.querySelectorAll<HTMLElement>('.mdl-Input')[cell.column]?.focus();
  };
  return (
    <div className="mdl-Query-gridbox">
      {/* A region that scrolls is reached by keyboard through its fields. */}
      <div className="mdl-Query-scroll">
        <table className="mdl-Query-grid" onPaste={onPaste} onKeyDown={onKeyDown}>
          <thead>
            <tr>
              <th scope="col" className="mdl-Query-number">
                #
              </th>
              {columns.map(column => (
                <th key={column.key} scope="col" title={`${columnName(column)}\n${column.type.text}`}>
                  <span className="mdl-Query-column">{columnName(column)}</span>
                  <span className="mdl-Query-type">{column.type.text}</span>
                </th>
              ))}
              <th scope="col">
                <span className="mdl-Hidden">{trans.__('Remove')}</span>
              </th>
            </tr>
          </thead>
          <tbody ref={body}>
            {rows.slice(first, first + size).map((row, at) => (
              <GridRow
                key={first + at}
                columns={columns}
                row={row}
                number={first + at}
                onCell={(key, text) => set(first + at, key, text)}
                onRemove={
                  rows.length > 1
                    ? () => onChange(rows.filter((_, index) => index !== first + at))
                    : undefined
                }
              />
            ))}
          </tbody>
        </table>
      </div>
      <div className="mdl-Query-bar">
        <button
          type="button"
          className="mdl-Button"
          onClick={() => {
            onChange([...rows, rows.at(-1) ?? {}]);
            setPage(Math.floor(rows.length / size));
          }}
        >
          <AddIcon />
          {trans.__('Add row')}
        </button>
        {last > 0 && (
          <Pages page={Math.min(page, last)} last={last} size={size} total={rows.length} onPage={setPage} />
        )}
      </div>
    </div>
  );
}

interface GridRowProps {
  columns: readonly Column[];
  row: Row;
  number: number;
  onCell: (key: string, text: string) => void;
  onRemove: (() => void) | undefined;
}

function GridRow({ columns, row, number, onCell, onRemove }: GridRowProps): React.ReactElement {
  const { trans } = useHost();
  return (
    <tr>
      <th scope="row" className="mdl-Query-number">
        {number}
      </th>
      {columns.map(column => {
        const text = row[column.key] ?? '';
        const read = readCell(text, column);
        const wrong = 'wrong' in read ? wrongWord(read.wrong, trans) : undefined;
        return (
          <td key={column.key} className={wrong === undefined ? undefined : 'mdl-mod-invalid'}>
            <ValueInput
              compact
              column={column}
              text={text}
              onChange={next => onCell(column.key, next)}
              control={{
                'aria-label': trans.__('%1, row %2', columnName(column), number),
                'aria-invalid': wrong !== undefined,
                title: wrong
              }}
            />
          </td>
        );
      })}
      <td>
        <button
          type="button"
          className="mdl-IconButton"
          aria-label={trans.__('Remove row %1', number)}
          aria-disabled={onRemove === undefined}
          title={onRemove === undefined ? trans.__('One row is needed') : trans.__('Remove row %1', number)}
          onClick={onRemove}
        >
          <CloseIcon />
        </button>
      </td>
    </tr>
  );
}

/** Return row and column of the field in the page. */
function placeOf(target: EventTarget): { row: number; column: number } | null {
  const cell = target instanceof Element ? target.closest('td') : null;
  const row = cell?.parentElement;
  const section = row?.parentElement;
  return cell === null || row === null || row === undefined || section === null || section === undefined
    ? null
    : { row: [...section.children].indexOf(row), column: cell.cellIndex - 1 };
}

/** Lay pasted rows over the rows from one on; what they do not have stays. */
export function laid(rows: readonly Row[], pasted: readonly Row[], at: number): Row[] {
  const length = Math.max(rows.length, at + pasted.length);
  return Array.from({ length }, (_, index) => ({
    ...rows[index],
    ...(index >= at ? pasted[index - at] : undefined)
  }));
}
