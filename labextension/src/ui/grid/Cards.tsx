/** The deployments as cards, in as many columns as there is room for. */

import { defaultRangeExtractor, useVirtualizer, type Range } from '@tanstack/react-virtual';
import * as React from 'react';
import type { Deployment } from '../../api/types';
import { useHost } from '../host';
import { DeploymentCard } from './DeploymentCard';
import { PLAIN, type ListingProps } from './listing';

const NARROWEST = 280;
const GAP = 8;
const CARD = 268;
const BEYOND = 2;

/** How many cards stand side by side in so much room. */
export function columnsIn(width: number): number {
  return Math.max(1, Math.floor((width - GAP) / (NARROWEST + GAP)));
}

export function Cards(props: ListingProps & { columns: number }): React.ReactElement {
  const { trans } = useHost();
  const { shown, roving, selection, columns } = props;
  return (
    <div
      ref={roving.list}
      role="list"
      className={`mdl-Cards${selection.ids.size > 0 ? ' mdl-mod-selecting' : ''}`}
      style={{ '--mdl-columns': columns } as React.CSSProperties}
      aria-label={trans._n('%1 deployment', '%1 deployments', shown.length)}
      onKeyDown={roving.onKeyDown}
      onFocus={roving.onFocus}
    >
      {shown.length <= PLAIN ? <All {...props} /> : <Seen {...props} />}
    </div>
  );
}

function All(props: ListingProps): React.ReactElement {
  return (
    <div className="mdl-Cards-row" role="presentation">
      {props.shown.map((deployment, index) => (
        <Item key={deployment.uid} deployment={deployment} index={index} {...props} />
      ))}
    </div>
  );
}

function Seen(props: ListingProps & { columns: number }): React.ReactElement {
  const { shown, scroll, reveal, columns } = props;
  const held = Math.floor(props.roving.index / columns);
  const rows = useVirtualizer({
    count: Math.ceil(shown.length / columns),
    getScrollElement: () => scroll.current,
    estimateSize: () => CARD,
    gap: GAP,
    paddingEnd: GAP,
    overscan: BEYOND,
    // The one in the tab order stays laid out, wherever one scrolls: the keyboard goes on from there.
    rangeExtractor: range => withOne(range, held)
  });
  React.useEffect(() => {
    reveal.current = index => rows.scrollToIndex(Math.floor(index / columns), { align: 'auto' });
    return () => {
      reveal.current = null;
    };
  }, [reveal, rows, columns]);
  return (
    <div className="mdl-Cards-all" role="presentation" style={{ blockSize: rows.getTotalSize() }}>
      {rows.getVirtualItems().map(row => (
        <div
          key={row.key}
          ref={rows.measureElement}
          data-index={row.index}
          role="presentation"
          className="mdl-Cards-row mdl-mod-seen"
          style={{ transform: `translateY(${row.start}px)` }}
        >
          {shown.slice(row.index * columns, (row.index + 1) * columns).map((deployment, at) => (
            <Item key={deployment.uid} deployment={deployment} index={row.index * columns + at} {...props} />
          ))}
        </div>
      ))}
    </div>
  );
}

export function withOne(range: Range, index: number): number[] {
  const seen = defaultRangeExtractor(range);
  return index >= range.count || seen.includes(index) ? seen : [...seen, index].sort((a, b) => a - b);
}

function Item(props: ListingProps & { deployment: Deployment; index: number }): React.ReactElement {
  const { deployment, index, shown, selection, roving } = props;
  const { id } = deployment;
  return (
    <div role="listitem" aria-setsize={shown.length} aria-posinset={index + 1}>
      <DeploymentCard
        deployment={deployment}
        old={props.old}
        pending={props.pending.get(id)}
        refusal={props.refusals.get(id)}
        readOnly={props.readOnly}
        instanceTypes={props.instanceTypes}
        selected={selection.ids.has(id)}
        current={roving.current === id}
        onAct={props.onAct}
        onOpen={props.onOpen}
        onSelect={selection.toggle}
      />
    </div>
  );
}
