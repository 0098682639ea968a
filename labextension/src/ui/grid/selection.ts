/** Which of the shown deployments are selected, and what extends a selection. */

import * as React from 'react';
import type { Deployment } from '../../api/types';

export interface Selection {
  /** Only what is shown: nothing that a filter hides is stopped or deleted unseen. */
  readonly ids: ReadonlySet<string>;
  /** One more or one less; with `range` all from the last one that was toggled to this one. */
  readonly toggle: (id: string, range: boolean) => void;
  readonly all: () => void;
  readonly clear: () => void;
}

export function useSelection(shown: readonly Deployment[]): Selection {
  const [chosen, setChosen] = React.useState<ReadonlySet<string>>(new Set());
  const anchor = React.useRef<string | null>(null);
  const latest = React.useRef(shown);
  latest.current = shown;
  const ids = React.useMemo(
    () =>
      chosen.size === 0 ? chosen : new Set(shown.filter(each => chosen.has(each.id)).map(each => each.id)),
    [chosen, shown]
  );
  const toggle = React.useCallback((id: string, range: boolean) => {
    const order = latest.current.map(each => each.id);
    const [from, to] = [order.indexOf(anchor.current ?? ''), order.indexOf(id)];
    setChosen(old => {
      const next = new Set(old);
      if (range && from >= 0 && to >= 0) {
        order.slice(Math.min(from, to), Math.max(from, to) + 1).forEach(each => next.add(each));
      } else if (!next.delete(id)) {
        next.add(id);
      }
      return next;
    });
    if (!range || from < 0) {
      anchor.current = id;
    }
  }, []);
  const all = React.useCallback(() => setChosen(new Set(latest.current.map(each => each.id))), []);
  const clear = React.useCallback(() => setChosen(new Set()), []);
  return React.useMemo(() => ({ ids, toggle, all, clear }), [ids, toggle, all, clear]);
}
