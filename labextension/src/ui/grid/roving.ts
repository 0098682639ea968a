/** One deployment of the list is in the tab order; the arrows go to its neighbours, Enter opens, Space selects. */

import * as React from 'react';
import type { Deployment } from '../../api/types';
import type { Selection } from './selection';

export interface Roving {
  /** The one in the tab order. */
  readonly current: string;
  readonly index: number;
  readonly list: React.RefObject<HTMLDivElement>;
  readonly onKeyDown: (event: React.KeyboardEvent) => void;
  readonly onFocus: (event: React.FocusEvent) => void;
}

export interface RovingOptions {
  shown: readonly Deployment[];
  columns: number;
  selection: Selection;
  onOpen: (id: string) => void;
  /** Bring one into view that is not laid out yet. */
  reveal: React.MutableRefObject<((index: number) => void) | null>;
}

const PAGE = 10;

export function useRoving({ shown, columns, selection, onOpen, reveal }: RovingOptions): Roving {
  const [current, setCurrent] = React.useState('');
  const wanted = React.useRef<string | null>(null);
  const list = React.useRef<HTMLDivElement>(null);
  const found = shown.findIndex(each => each.id === current);
  const index = Math.max(0, found);
  const id = shown[index]?.id ?? '';

  // What the keyboard went to may be laid out only a render or two later.
  React.useLayoutEffect(() => {
    if (wanted.current !== null && reached(list.current, wanted.current)) {
      wanted.current = null;
    }
  });

  const go = (to: number): void => {
    const at = Math.max(0, Math.min(shown.length - 1, to));
    const target = shown[at];
    if (target !== undefined) {
      setCurrent(target.id);
      reveal.current?.(at);
      wanted.current = reached(list.current, target.id) ? null : target.id;
    }
  };

  const onKeyDown = (event: React.KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    if (target.closest('input:not([type="checkbox"]), select, textarea') !== null) {
      return;
    }
    const onItem = target.dataset['id'] !== undefined;
    const act = (run: () => void): void => {
      event.preventDefault();
      event.stopPropagation();
      run();
    };
    if (event.key === 'a' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
      act(selection.all);
    } else if (event.key === 'Escape' && selection.ids.size > 0) {
      act(selection.clear);
    } else if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    } else if (event.key === 'Enter' && onItem) {
      act(() => onOpen(id));
    } else if (event.key === ' ' && onItem) {
      act(() => selection.toggle(id, event.shiftKey));
    } else {
      const to = destination(event.key, index, shown.length, columns, isRightToLeft(list.current));
      if (to !== null && (onItem || target.closest('[data-id]') !== null)) {
        act(() => go(to));
      }
    }
  };

  const onFocus = (event: React.FocusEvent): void => {
    const item = (event.target as HTMLElement).closest<HTMLElement>('[data-id]');
    if (item?.dataset['id'] !== undefined) {
      setCurrent(item.dataset['id']);
    }
  };

  return { current: id, index, list, onKeyDown, onFocus };
}

/** Give one the focus and bring it into view; false when it is not laid out. */
function reached(list: HTMLElement | null, id: string): boolean {
  const element = list?.querySelector<HTMLElement>(`[data-id="${id}"]`); // an id has only small letters, digits and -
  element?.focus({ preventScroll: true });
  element?.scrollIntoView({ block: 'nearest' });
  return element !== null && element !== undefined;
}

function isRightToLeft(element: HTMLElement | null): boolean {
  return element !== null && getComputedStyle(element).direction === 'rtl';
}

/** Where a key leads from `index`; null when it leads nowhere. */
export function destination(
  key: string,
  index: number,
  count: number,
  columns: number,
  rightToLeft: boolean
): number | null {
  const forth = rightToLeft ? -1 : 1;
  switch (key) {
    case 'ArrowDown':
      return index + columns < count ? index + columns : index;
    case 'ArrowUp':
      return index - columns >= 0 ? index - columns : index;
    case 'ArrowRight':
      return columns === 1 ? null : index + forth;
    case 'ArrowLeft':
      return columns === 1 ? null : index - forth;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    case 'PageDown':
      return index + PAGE * columns;
    case 'PageUp':
      return index - PAGE * columns;
    default:
      return null;
  }
}
