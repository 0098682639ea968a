/** JSON text as Python writes it, number for number: `JSON.parse` would make `1.0` of a float an integer. */

/** A number as it was written. */
export class Digits {
  constructor(readonly text: string) {}
}

export type Json = null | boolean | string | Digits | Json[] | { [key: string]: Json };

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;
/** From the private use area, so that no text begins like this. */
const MARK = '\uE000#';

/** Read JSON, keeping numbers as they are written; null when it is none. */
export function read(text: string): Json | undefined {
  const marked = text.replace(TOKEN, token => (token.startsWith('"') ? token : JSON.stringify(MARK + token)));
  try {
    return unmarked(JSON.parse(marked));
  } catch {
    return undefined;
  }
}

function unmarked(value: unknown): Json {
  if (typeof value === 'string') {
    return value.startsWith(MARK) ? new Digits(value.slice(MARK.length)) : value;
  }
  if (Array.isArray(value)) {
    return value.map(unmarked);
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, unmarked(each)]));
  }
  return typeof value === 'boolean' ? value : null;
}

export function isRecord(value: Json | undefined): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Digits);
}

/** Write a value as a Python literal. */
export function python(value: Json): string {
  if (value === null) {
    return 'None';
  }
  if (typeof value === 'boolean') {
    return value ? 'True' : 'False';
  }
  if (value instanceof Digits) {
    return value.text;
  }
  if (typeof value === 'string') {
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    return `[${value.map(python).join(', ')}]`;
  }
  return `{${Object.entries(value)
    .map(([key, each]) => `${JSON.stringify(key)}: ${python(each)}`)
    .join(', ')}}`;
}
