/** JSON that keeps its numbers as they were written, says where it breaks, and can be laid out anew. */

export interface Num {
  readonly number: string;
}

export interface Obj {
  readonly fields: readonly (readonly [string, Json])[];
}

export type Json = null | boolean | string | Num | Obj | readonly Json[];

/** `end`: the text stops too early; `extra`: something stands behind the value; `deep`: too many brackets. */
export type Broken = 'value' | 'string' | 'name' | 'colon' | 'comma' | 'end' | 'extra' | 'deep';

export interface JsonError {
  what: Broken;
  offset: number;
  /** Both begin with 1. */
  line: number;
  column: number;
}

export type Parsed = { value: Json } | { error: JsonError };

const DEEPEST = 200;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// eslint-disable-next-line no-control-regex -- JSON forbids them inside of strings
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SPACE = /[ \t\n\r]*/y;
const WORDS: readonly [string, Json][] = [
  ['true', true],
  ['false', false],
  ['null', null]
];

class Fault extends Error {
  constructor(
    readonly what: Broken,
    readonly offset: number
  ) {
    super(what);
  }
}

export function parse(text: string): Parsed {
  const reader = new Reader(text);
  try {
    return { value: reader.document() };
  } catch (error) {
    if (error instanceof Fault) {
      return { error: { what: error.what, offset: error.offset, ...placeOf(text, error.offset) } };
    }
    throw error;
  }
}

/** Return line and column of an offset. */
export function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

class Reader {
  #at = 0;

  constructor(private readonly text: string) {}

  document(): Json {
    const value = this.#value(0);
    if (this.#at < this.text.length) {
      throw new Fault('extra', this.#at);
    }
    return value;
  }

  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text);
    if (found === null) {
      return null;
    }
    this.#at += found[0].length;
    return found[0];
  }

  #sign(sign: string): boolean {
    if (this.text[this.#at] !== sign) {
      return false;
    }
    this.#at += 1;
    this.#take(SPACE);
    return true;
  }

  #fault(what: Broken): Fault {
    return new Fault(this.#at >= this.text.length ? 'end' : what, this.#at);
  }

  #value(depth: number): Json {
    if (depth > DEEPEST) {
      throw new Fault('deep', this.#at);
    }
    this.#take(SPACE);
    const value = this.#bare(depth);
    this.#take(SPACE);
    return value;
  }

  #bare(depth: number): Json {
    if (this.#sign('{')) {
      return { fields: this.#several('}', () => this.#field(depth)) };
    }
    if (this.#sign('[')) {
      return this.#several(']', () => this.#value(depth + 1));
    }
    if (this.text[this.#at] === '"') {
      return this.#string();
    }
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    const number = this.#take(NUMBER);
    if (number === null) {
      throw this.#fault('value');
    }
    return { number };
  }

  #several<T>(end: string, one: () => T): T[] {
    const found: T[] = [];
    if (this.#closes(end)) {
      return found;
    }
    for (;;) {
      found.push(one());
      if (this.#closes(end)) {
        return found;
      }
      if (!this.#sign(',')) {
        throw this.#fault('comma');
      }
    }
  }

  #closes(end: string): boolean {
    if (this.text[this.#at] !== end) {
      return false;
    }
    this.#at += 1;
    return true;
  }

  #field(depth: number): [string, Json] {
    if (this.text[this.#at] !== '"') {
      throw this.#fault('name');
    }
    const name = this.#string();
    this.#take(SPACE);
    if (!this.#sign(':')) {
      throw this.#fault('colon');
    }
    return [name, this.#value(depth + 1)];
  }

  #string(): string {
    const found = this.#take(STRING);
    if (found === null) {
      throw new Fault('string', this.#at);
    }
    return JSON.parse(found) as string;
  }
}

export function isNum(value: Json | undefined): value is Num {
  return typeof value === 'object' && value !== null && 'number' in value;
}

export function isObj(value: Json | undefined): value is Obj {
  return typeof value === 'object' && value !== null && 'fields' in value;
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** Return a field of an object; undefined when it has none of this name, or is none. */
export function field(value: Json | undefined, name: string): Json | undefined {
  return isObj(value) ? value.fields.find(([each]) => each === name)?.[1] : undefined;
}

/** Write a value in one line. */
export function write(value: Json): string {
  if (isNum(value)) {
    return value.number;
  }
  if (isList(value)) {
    return `[${value.map(write).join(', ')}]`;
  }
  if (isObj(value)) {
    return `{${value.fields.map(([name, each]) => `${JSON.stringify(name)}: ${write(each)}`).join(', ')}}`;
  }
  return JSON.stringify(value);
}

const WIDTH = 80;

/** Write a value over several lines: what fits a line stays in one, so that a row of a table is one. */
export function layOut(value: Json, indent = ''): string {
  const short = write(value);
  if (indent.length + short.length <= WIDTH || !(isList(value) || isObj(value))) {
    return short;
  }
  const inner = `${indent}  `;
  const lines = isList(value)
    ? value.map(each => inner + layOut(each, inner))
    : value.fields.map(([name, each]) => `${inner}${JSON.stringify(name)}: ${layOut(each, inner)}`);
  const [open, close] = isList(value) ? '[]' : '{}';
  return `${open ?? ''}\n${lines.join(',\n')}\n${indent}${close ?? ''}`;
}

/** Make JSON of a plain value, such as one that came parsed. */
export function toJson(value: unknown): Json {
  const parsed = parse(JSON.stringify(value === undefined ? null : value));
  return 'value' in parsed ? parsed.value : null;
}

/** Make a plain value; numbers lose what JavaScript cannot hold. */
export function plain(value: Json): unknown {
  if (isNum(value)) {
    return Number(value.number);
  }
  if (isList(value)) {
    return value.map(plain);
  }
  return isObj(value) ? Object.fromEntries(value.fields.map(([name, each]) => [name, plain(each)])) : value;
}
