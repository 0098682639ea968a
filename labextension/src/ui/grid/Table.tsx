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
const BEYOND = 5;

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
      className={`mdl-GridTable-frame${selection.ids.size > 0 ? ' mdl-mod-selecting' : ''}`}
      onKeyDown={roving.onKeyDown}
      onFocus={roving.onFocus}
    >
      <table
        className="mdl-GridTable"
        aria-label={trans._n('%1 deployment', '%1 deployments', shown.length)}
        role="table"
        aria-rowcount={shown.length + 1}
      >
        <thead role="rowgroup">
          <tr role="row" className="mdl-GridTable-row" aria-rowindex={1}>
            <th role="columnheader">
              <SelectAll {...props} />
            </th>
            {COLUMNS.filter(each => each !== 'updated').map(head)}
            <th role="columnheader" scope="col">
              {trans.__('Endpoint')}
            </th>
            {head('updated')}
            <th role="columnheader" scope="col">
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
      role="columnheader"
      scope="col"
      className={`mdl-GridTable-${column}`}
      aria-sort={sorted ? (descending ? 'descending' : 'ascending') : undefined}
    >
      <button type="button" className="mdl-GridTable-sort" onClick={() => onSort(column)}>
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
    <tbody role="rowgroup">
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
  return (
    <tbody role="rowgroup" className="mdl-GridTable-seen" style={{ blockSize: rows.getTotalSize() }}>
      {rows.getVirtualItems().map(({ key, index, start }) => (
        <Row key={key} index={index} start={start} {...props} />
      ))}
    </tbody>
  );
}

function Row(props: TableProps & { index: number; start?: number }): React.ReactElement | null {
  const { shown, index, start, selection, roving } = props;
  const deployment = shown[index];
  if (deployment === undefined) {
    return null;
  }
  const { id } = deployment;
  return (
    <TableRow
      deployment={deployment}
      index={index}
      start={start}
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
