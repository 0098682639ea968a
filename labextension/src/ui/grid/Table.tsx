/** The deployments as a table that is sorted by a click on a column's head. */

import { useVirtualizer } from '@tanstack/react-virtual';
import * as React from 'react';
import { useHost } from '../host';
import { DownIcon, UpIcon } from '../kit/icons';
import { withOne } from './Cards';
import { COLUMNS, type Column, type Filters } from './filters';
import { columnWord } from './GridHead';
import { PLAIN, type ListingProps } from './listing';
import { TableRow } from './TableRow';

const ROW = 33;
const HEAD = 33;
const BEYOND = 10;
/** Between replicas and time stands the endpoint, which nobody sorts by. */
const WIDTH = COLUMNS.length + 3;

export interface TableProps extends ListingProps {
  filters: Filters;
  onSort: (column: Column) => void;
}

export function Table(props: TableProps): React.ReactElement {
  const { trans } = useHost();
  const { shown, roving, selection, filters, onSort } = props;
  const head = (column: Column): React.ReactElement => (
    <Head key={column} column={column} filters={filters} onSort={onSort} />
  );
  return (
    <div
      ref={roving.list}
      className={`mdl-TableFrame${selection.ids.size > 0 ? ' mdl-mod-selecting' : ''}`}
      onKeyDown={roving.onKeyDown}
      onFocus={roving.onFocus}
    >
      <table
        className="mdl-Table"
        aria-label={trans._n('%1 deployment', '%1 deployments', shown.length)}
        aria-rowcount={shown.length + 1}
      >
        <thead>
          <tr aria-rowindex={1}>
            <th className="mdl-Table-select">
              <SelectAll {...props} />
            </th>
            {COLUMNS.filter(each => each !== 'updated').map(head)}
            <th scope="col" className="mdl-Table-endpoint">
              {trans.__('Endpoint')}
            </th>
            {head('updated')}
            <th scope="col" className="mdl-Table-actions">
              {trans.__('Actions')}
            </th>
          </tr>
        </thead>
        {shown.length <= PLAIN ? <All {...props} /> : <Seen {...props} />}
      </table>
    </div>
  );
}

function Head(props: {
  column: Column;
  filters: Filters;
  onSort: (column: Column) => void;
}): React.ReactElement {
  const { column, filters, onSort } = props;
  const { trans } = useHost();
  const sorted = filters.sort === column;
  // By time and by replicas the first order is the most first.
  const descending = (column === 'updated' || column === 'replicas') !== filters.reversed;
  return (
    <th
      scope="col"
      className={`mdl-Table-${column}`}
      aria-sort={sorted ? (descending ? 'descending' : 'ascending') : undefined}
    >
      <button type="button" className="mdl-Table-sort" onClick={() => onSort(column)}>
        <span>{columnWord(column, trans)}</span>
        {sorted && (descending ? <DownIcon /> : <UpIcon />)}
      </button>
    </th>
  );
}

function SelectAll({ shown, selection }: TableProps): React.ReactElement {
  const { trans } = useHost();
  const some = selection.ids.size > 0;
  const all = some && selection.ids.size === shown.length;
  const box = React.useRef<HTMLInputElement>(null);
  React.useEffect(() => {
    if (box.current !== null) {
      box.current.indeterminate = some && !all;
    }
  }, [some, all]);
  return (
    <input
      ref={box}
      type="checkbox"
      className="mdl-Select mdl-mod-shown"
      aria-label={trans.__('Select all')}
      checked={all}
      onChange={all ? selection.clear : selection.all}
    />
  );
}

function All(props: TableProps): React.ReactElement {
  return (
    <tbody>
      {props.shown.map((deployment, index) => (
        <Row key={deployment.uid} index={index} {...props} />
      ))}
    </tbody>
  );
}

function Seen(props: TableProps): React.ReactElement {
  const { shown, scroll, reveal, roving } = props;
  const rows = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW,
    overscan: BEYOND,
    scrollPaddingStart: HEAD,
    rangeExtractor: range => withOne(range, roving.index)
  });
  React.useEffect(() => {
    reveal.current = index => rows.scrollToIndex(index, { align: 'auto' });
    return () => {
      reveal.current = null;
    };
  }, [reveal, rows]);
  const items = rows.getVirtualItems();
  let above = 0;
  return (
    <tbody>
      {items.map(({ key, index, start, end }) => {
        const space = start - above;
        above = end;
        return (
          <React.Fragment key={key}>
            {space > 0 && <Space size={space} />}
            <Row index={index} {...props} />
          </React.Fragment>
        );
      })}
      <Space size={rows.getTotalSize() - above} />
    </tbody>
  );
}

/** The room of rows that are not laid out. */
function Space({ size }: { size: number }): React.ReactElement | null {
  return size <= 0 ? null : (
    <tr aria-hidden="true" className="mdl-Table-space">
      <td colSpan={WIDTH} style={{ blockSize: size }} />
    </tr>
  );
}

function Row(props: TableProps & { index: number }): React.ReactElement | null {
  const { shown, index, selection, roving } = props;
  const deployment = shown[index];
  if (deployment === undefined) {
    return null;
  }
  const { id } = deployment;
  return (
    <TableRow
      deployment={deployment}
      index={index}
      old={props.old}
      pending={props.pending.get(id)}
      refusal={props.refusals.get(id)}
      readOnly={props.readOnly}
      selected={selection.ids.has(id)}
      current={roving.current === id}
      onAct={props.onAct}
      onOpen={props.onOpen}
      onSelect={selection.toggle}
    />
  );
}
