/** What only the server knows while one types: whether an id or an API name is free. */

import * as React from 'react';
import type { Api } from '../../api/client';
import type { IdCheck } from '../../api/types';

/** After the last key. */
const PAUSE = 250;

export type Check = Pick<IdCheck, 'available' | 'reason' | 'suggestion'>;

/** The answer for the present text; undefined while it is not known, also because nobody answers. */
function useChecked(
  text: string,
  ask: (text: string, signal: AbortSignal) => Promise<Check>
): Check | undefined {
  const [known, setKnown] = React.useState<{ text: string; check: Check }>();
  const latest = React.useRef(ask);
  latest.current = ask;
  React.useEffect(() => {
    if (text === '') {
      return;
    }
    const abort = new AbortController();
    const timer = setTimeout(() => {
      latest.current(text, abort.signal).then(
        check => {
          if (!abort.signal.aborted) {
            setKnown({ text, check });
          }
        },
        () => undefined // the form says elsewhere that nobody answers; sending it asks again
      );
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text]);
  return known?.text === text ? known.check : undefined;
}

/** Empty asks nothing. */
export function useIdCheck(api: Api, id: string): Check | undefined {
  return useChecked(id, (text, signal) => api.checkId(text, signal));
}

export function useApiNameCheck(api: Api, group: string, name: string): Check | undefined {
  // One key for both, which no name can hold, so that another group asks anew.
  const key = name === '' || group === '' ? '' : `${group}\n${name}`;
  return useChecked(key, (_, signal) => api.checkApiName(group, name, signal));
}
