/** The search in a log: a field, how many lines match, and the way from one to the next. */

import * as React from 'react';
import { useHost } from '../host';
import { NextIcon, PreviousIcon } from '../kit/icons';
import type { LogBuffer } from './buffer';
import type { LogState } from './feed';
import { Search } from './search';

export interface LogSearchState {
  text: string;
  setText: (text: string) => void;
  /** How many lines match. */
  count: number;
  /** Which of them one stands at, from 1; 0 before the first step. */
  place: number;
  /** The number of the entry that one stands at. */
  current: number | undefined;
  go: (by: 1 | -1) => void;
}

export function useLogSearch(buffer: LogBuffer, state: LogState): LogSearchState {
  const [text, setTextState] = React.useState('');
  const [current, setCurrent] = React.useState<number>();
  const search = React.useMemo(() => (text === '' ? null : new Search(buffer, text)), [buffer, text]);
  // The state changes with every line, which is what makes this search again.
  const found = React.useMemo(() => [...(search?.found() ?? [])], [search, state]); // eslint-disable-line react-hooks/exhaustive-deps
  const place = current === undefined ? 0 : found.indexOf(current) + 1;
  return {
    text,
    setText: next => {
      setTextState(next);
      setCurrent(undefined);
    },
    count: found.length,
    place,
    current: place === 0 ? undefined : current,
    go: by => {
      const { length } = found;
      // Where one has not begun, the newest is the nearest.
      setCurrent(found[place === 0 ? length - 1 : (place - 1 + by + length) % length]);
    }
  };
}

export interface LogSearchProps {
  field: React.RefObject<HTMLInputElement>;
  search: LogSearchState;
  onGo: (by: 1 | -1) => void;
}

export function LogSearch({ field, search, onGo }: LogSearchProps): React.ReactElement {
  const { trans } = useHost();
  const none = search.count === 0;
  const because = none
    ? search.text === ''
      ? trans.__('Type what to search first')
      : trans.__('No line matches')
    : undefined;
  const step = (by: 1 | -1): void => {
    if (!none) {
      onGo(by);
    }
  };
  return (
    <div className="mdl-LogSearch" role="search">
      <input
        ref={field}
        type="search"
        className="mdl-Input"
        placeholder={trans.__('Search in the log')}
        aria-label={trans.__('Search in the log')}
        value={search.text}
        onChange={event => search.setText(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Enter') {
            event.preventDefault();
            step(event.shiftKey ? -1 : 1);
          } else if (event.key === 'Escape' && search.text !== '') {
            event.stopPropagation();
            search.setText('');
          }
        }}
      />
      <span className="mdl-LogSearch-count" role="status">
        {search.text === ''
          ? ''
          : search.place > 0
            ? trans.__('%1 of %2', search.place, search.count)
            : trans._n('%1 line', '%1 lines', search.count)}
      </span>
      <button
        type="button"
        className="mdl-IconButton"
        aria-label={trans.__('Previous match')}
        title={because ?? trans.__('Previous match (Shift+Enter)')}
        aria-disabled={none}
        onClick={() => step(-1)}
      >
        <PreviousIcon />
      </button>
      <button
        type="button"
        className="mdl-IconButton"
        aria-label={trans.__('Next match')}
        title={because ?? trans.__('Next match (Enter)')}
        aria-disabled={none}
        onClick={() => step(1)}
      >
        <NextIcon />
      </button>
    </div>
  );
}
