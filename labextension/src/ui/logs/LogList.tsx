/** The lines of a log that can be seen now, out of as many as there are. */

import { useVirtualizer, type Virtualizer } from '@tanstack/react-virtual';
import * as React from 'react';
import type { LogBuffer } from './buffer';
import type { LogState } from './feed';
import { Row, type Look } from './Row';

/** The height of a row that is not wrapped, in pixels: `--mdl-log-row` in logs.css. */
const ROW = 18;
const OVERSCAN = 20;
/** Nearer to the end than this counts as being there. */
const NEAR = 4;

export interface LogListProps {
  label: string;
  buffer: LogBuffer;
  state: LogState;
  look: Look;
  following: boolean;
  onFollow: (following: boolean) => void;
  /** The number of the entry that the search stands at. */
  current: number | undefined;
}

export function LogList(props: LogListProps): React.ReactElement {
  const { buffer, state, look, current } = props;
  const scroller = React.useRef<HTMLDivElement>(null);
  const list = useList(props, scroller);
  const onScroll = useFollowing(props, scroller);
  React.useEffect(() => {
    if (current !== undefined) {
      list.scrollToIndex(current - buffer.first, { align: 'center' });
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only when the search moves, not when lines come
  }, [current]);
  const items = list.getVirtualItems();
  return (
    <div
      ref={scroller}
      className={`mdl-LogList${look.wrap ? ' mdl-mod-wrap' : ''}`}
      role="log"
      aria-live="off"
      aria-label={props.label}
      tabIndex={0}
      onScroll={onScroll}
    >
      <div className="mdl-LogList-all" style={{ blockSize: list.getTotalSize() }}>
        <div className="mdl-LogList-seen" style={{ transform: `translateY(${items[0]?.start ?? 0}px)` }}>
          {items.map(({ index }) => {
            const entry = buffer.at(index);
            const number = state.first + index;
            return (
              entry !== undefined && (
                <div key={number} data-index={index} ref={look.wrap ? list.measureElement : undefined}>
                  <Row entry={entry} look={look} current={number === current} />
                </div>
              )
            );
          })}
        </div>
      </div>
    </div>
  );
}

type List = Virtualizer<HTMLDivElement, Element>;

/** When old lines are dropped, what one looks at stays where it is. */
function useList({ buffer, state, look }: LogListProps, scroller: React.RefObject<HTMLDivElement>): List {
  const before = React.useRef<{ list: List; first: number } | null>(null);
  const dropped = before.current === null ? 0 : state.first - before.current.first;
  const shift = dropped > 0 ? (before.current?.list.measurementsCache[dropped]?.start ?? 0) : 0;
  const { first } = state;
  const list = useVirtualizer({
    count: state.length,
    getScrollElement: () => scroller.current,
    estimateSize: React.useCallback(index => (buffer.at(index)?.rows ?? 1) * ROW, [buffer]),
    getItemKey: React.useCallback((index: number) => first + index, [first]),
    overscan: OVERSCAN
  });
  React.useLayoutEffect(() => {
    before.current = { list, first };
    if (shift > 0 && scroller.current !== null) {
      scroller.current.scrollTop -= shift;
    }
  }, [list, first, shift, scroller]);
  const { wrap } = look;
  React.useLayoutEffect(() => list.measure(), [list, wrap]);
  return list;
}

/** Stay at the end while one follows; scrolling up pauses, coming back to the end goes on. */
function useFollowing(
  { state, following, onFollow, look }: LogListProps,
  scroller: React.RefObject<HTMLDivElement>
): () => void {
  const top = React.useRef(0);
  React.useLayoutEffect(() => {
    const element = scroller.current;
    if (!following || element === null) {
      return;
    }
    if (selected(element)) {
      onFollow(false);
      return;
    }
    element.scrollTop = element.scrollHeight;
    top.current = element.scrollTop;
  });
  React.useEffect(() => {
    const element = scroller.current;
    const inner = element?.firstElementChild;
    if (!following || element === null || !inner || typeof ResizeObserver === 'undefined') {
      return;
    }
    const observer = new ResizeObserver(() => {
      if (!selected(element)) {
        element.scrollTop = element.scrollHeight;
      }
    });
    observer.observe(inner);
    observer.observe(element);
    return () => observer.disconnect();
  }, [following, scroller, state.length === 0, look.wrap]); // eslint-disable-line react-hooks/exhaustive-deps
  return () => {
    const element = scroller.current;
    if (element === null) {
      return;
    }
    const rest = element.scrollHeight - element.clientHeight - element.scrollTop;
    if (rest <= NEAR) {
      onFollow(true);
    } else if (element.scrollTop < top.current - 1) {
      onFollow(false);
    }
    top.current = element.scrollTop;
  };
}

/** Whether somebody is selecting lines, which must not run away. */
function selected(element: HTMLElement): boolean {
  const selection = document.getSelection();
  return selection !== null && !selection.isCollapsed && element.contains(selection.anchorNode);
}
