/** The newest lines of a log, bounded, with what is missing said where it is missing. No React in here. */

import type { LogLine } from '../../api/types';

export interface Line {
  readonly kind: 'line';
  readonly line: LogLine;
  /** The message without escape sequences: what is searched. */
  readonly text: string;
  /** How many rows it has when nothing is wrapped. */
  readonly rows: number;
}

/** Lines that are not here; `count` is null when nobody knows how many. */
export interface Gap {
  readonly kind: 'gap';
  readonly count: number | null;
  readonly rows: 1;
}

export type Entry = Line | Gap;

/** With a part dropped it is still more than 100 000. */
export const CAPACITY = 120_000;
const CHARACTERS = 64_000_000;
/** Dropping a part at once keeps what is dropped cheap, and the places of the others still for long. */
const PART = 0.1;
/** Terminal escape sequences: colours, cursor movements, titles, links. */
// eslint-disable-next-line no-control-regex -- escape sequences begin with a control character
export const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;

export function toLine(line: LogLine): Line {
  const text = line.message.includes('\u001b') ? line.message.replace(ESCAPES, '') : line.message;
  let rows = 1;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) {
    rows += 1;
  }
  return { kind: 'line', line, text, rows };
}

export class LogBuffer {
  #entries: Entry[] = [];
  #first = 0;
  #characters = 0;

  constructor(
    private readonly capacity = CAPACITY,
    private readonly characters = CHARACTERS
  ) {}

  /** The number of the oldest entry that is kept: entries are numbered from 0 and keep their numbers. */
  get first(): number {
    return this.#first;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** How many entries there ever were. */
  get total(): number {
    return this.#first + this.#entries.length;
  }

  /** The entry at a place among those that are kept. */
  at(index: number): Entry | undefined {
    return this.#entries[index];
  }

  push(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.#entries.push(entry);
      this.#characters += size(entry);
    }
    if (this.#entries.length > this.capacity || this.#characters > this.characters) {
      this.#drop();
    }
  }

  clear(): void {
    this.#first = this.total;
    this.#entries = [];
    this.#characters = 0;
  }

  #drop(): void {
    const most = Math.floor(this.capacity * (1 - PART));
    let dropped = Math.max(0, this.#entries.length - most);
    let characters = this.#characters;
    for (let index = 0; index < this.#entries.length - 1; index++) {
      if (index >= dropped && characters <= this.characters * (1 - PART)) {
        break;
      }
      characters -= size(this.#entries[index] as Entry);
      dropped = Math.max(dropped, index + 1);
    }
    this.#entries = this.#entries.slice(dropped);
    this.#characters = characters;
    this.#first += dropped;
  }
}

function size(entry: Entry): number {
  return entry.kind === 'line' ? entry.line.message.length : 0;
}
