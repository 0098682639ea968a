/** Which lines of a log hold a text. Searched once; what comes later is searched alone. No React in here. */

import type { LogBuffer } from './buffer';

const SPECIAL = /[.*+?^${}()|[\]\\]/g;

/** Case does not matter, and the text is no pattern. */
export function pattern(text: string, flags = 'i'): RegExp {
  return new RegExp(text.replace(SPECIAL, '\\$&'), flags);
}

export class Search {
  /** The numbers of the entries that hold it, in order. */
  #found: number[] = [];
  #searched: number;
  readonly #pattern: RegExp;

  constructor(
    private readonly buffer: LogBuffer,
    text: string
  ) {
    this.#pattern = pattern(text);
    this.#searched = buffer.first;
  }

  /** Search what came since the last call; returns the numbers of the entries that are kept and hold the text. */
  found(): readonly number[] {
    const { buffer } = this;
    for (let number = Math.max(this.#searched, buffer.first); number < buffer.total; number++) {
      const entry = buffer.at(number - buffer.first);
      if (entry?.kind === 'line' && this.#pattern.test(entry.text)) {
        this.#found.push(number);
      }
    }
    this.#searched = buffer.total;
    const gone = this.#found.findIndex(number => number >= buffer.first);
    if (gone !== 0 && this.#found.length > 0) {
      this.#found = gone === -1 ? [] : this.#found.slice(gone);
    }
    return this.#found;
  }
}

/** Where a text is in a line, as pairs of start and end. */
export function ranges(line: string, text: string): [number, number][] {
  if (text === '') {
    return [];
  }
  return [...line.matchAll(pattern(text, 'gi'))].map(match => [match.index, match.index + match[0].length]);
}
