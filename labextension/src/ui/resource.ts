/** One thing that is fetched for a view: loading, there, or refused; fetched again when what it depends on changes. */

import * as React from 'react';
import type { ErrorBody } from '../api/types';
import { errorBody } from './store';

export interface Resource<T> {
  value: T | undefined;
  error: ErrorBody | null;
  loading: boolean;
  reload: () => void;
}

/**
 * Fetch when mounted and whenever a value of `after` changes, keeping the old value on screen meanwhile.
 *
 * `fetcher` is called anew with each change, so it need not be stable; an answer that comes late is dropped.
 */
export function useResource<T>(
  fetcher: (signal: AbortSignal) => Promise<T>,
  after: React.DependencyList
): Resource<T> {
  const [state, setState] = React.useState<Omit<Resource<T>, 'reload'>>({
    value: undefined,
    error: null,
    loading: true
  });
  const [turn, setTurn] = React.useState(0);
  const latest = React.useRef(fetcher);
  latest.current = fetcher;
  React.useEffect(() => {
    const abort = new AbortController();
    setState(old => ({ ...old, loading: true }));
    latest.current(abort.signal).then(
      value => {
        if (!abort.signal.aborted) {
          setState({ value, error: null, loading: false });
        }
      },
      (error: unknown) => {
        if (!abort.signal.aborted) {
          setState(old => ({ ...old, error: errorBody(error), loading: false }));
        }
      }
    );
    return () => abort.abort();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the caller's list is the point of this hook
  }, [...after, turn]);
  const reload = React.useCallback(() => setTurn(each => each + 1), []);
  return { ...state, reload };
}
