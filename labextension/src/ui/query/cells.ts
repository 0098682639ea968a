/** A value as it is typed into a field: text, read by the type that the signature gives it. Empty is a missing value. */

import type { ValueType } from '../../api/types';
import { isList, isObj, parse, write, type Json } from './json';

export interface Column {
  /** The name, or `#0`, `#1`, … where the signature has none. */
  readonly key: string;
  readonly name: string;
  readonly type: ValueType;
  readonly required: boolean;
  readonly nullable: boolean;
}

/** Cells by their columns' keys. */
export type Row = Readonly<Record<string, string>>;

export type Wrong =
  | 'missing'
  | 'integer'
  | 'int32'
  | 'int64'
  | 'number'
  | 'boolean'
  | 'datetime'
  | 'binary'
  | 'json'
  | 'array'
  | 'object';

export type Read = { json: string } | { wrong: Wrong };

/** What stands for an empty text, since an empty field is a missing value. */
export const EMPTY_TEXT = '""';
const NUMBER = /^([+-]?)(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d+))?$/;
const DATE = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const TRUE = new Set(['true', '1', 'yes']);
const FALSE = new Set(['false', '0', 'no']);
const INT32 = 2n ** 31n;
const INT64 = 2n ** 63n;

/** Return a cell as JSON, or what is wrong with it. */
export function readCell(text: string, column: Column): Read {
  const { kind } = column.type;
  const trimmed = text.trim();
  if (kind === 'string') {
    return text === '' && column.nullable
      ? { json: 'null' }
      : { json: JSON.stringify(text === EMPTY_TEXT ? '' : text) };
  }
  const missing = trimmed === '' || ((kind === 'float' || kind === 'double') && /^nan$/i.test(trimmed));
  if (missing) {
    return column.nullable || !column.required ? { json: 'null' } : { wrong: 'missing' };
  }
  switch (kind) {
    case 'boolean':
      return readBoolean(trimmed.toLowerCase());
    case 'integer':
    case 'long':
      return readInteger(trimmed, kind);
    case 'float':
    case 'double':
      return readNumber(trimmed);
    case 'datetime':
      return DATE.test(trimmed) && !Number.isNaN(Date.parse(trimmed.replace(' ', 'T')))
        ? { json: JSON.stringify(trimmed.replace(' ', 'T')) }
        : { wrong: 'datetime' };
    case 'binary':
      return BASE64.test(trimmed) ? { json: JSON.stringify(trimmed) } : { wrong: 'binary' };
    default:
      return readNested(trimmed, kind);
  }
}

function readBoolean(text: string): Read {
  return TRUE.has(text) ? { json: 'true' } : FALSE.has(text) ? { json: 'false' } : { wrong: 'boolean' };
}

function readInteger(text: string, kind: 'integer' | 'long'): Read {
  const found = /^([+-]?)(\d+)(?:\.0*)?$/.exec(text);
  if (found === null) {
    return { wrong: 'integer' };
  }
  const value = BigInt(found[2] ?? '0') * (found[1] === '-' ? -1n : 1n);
  const most = kind === 'integer' ? INT32 : INT64;
  return value >= -most && value < most
    ? { json: value.toString() }
    : { wrong: kind === 'integer' ? 'int32' : 'int64' };
}

/** The digits stay as they were typed; a whole number gets a fraction, since a column of doubles wants one. */
function readNumber(text: string): Read {
  const found = NUMBER.exec(text);
  if (found === null) {
    return { wrong: 'number' };
  }
  const [whole = '', fraction = ''] = (found[2] ?? '').split('.');
  const digits = `${whole.replace(/^0+(?=\d)/, '') || '0'}.${fraction || '0'}`;
  return { json: `${found[1] === '-' ? '-' : ''}${digits}${found[3] === undefined ? '' : `e${found[3]}`}` };
}

function readNested(text: string, kind: ValueType['kind']): Read {
  const parsed = parse(text);
  if ('error' in parsed) {
    return kind === 'any' ? { json: JSON.stringify(text) } : { wrong: 'json' };
  }
  const { value } = parsed;
  if ((kind === 'array' || kind === 'tensor') && !isList(value)) {
    return { wrong: 'array' };
  }
  if ((kind === 'object' || kind === 'map') && !isObj(value)) {
    return { wrong: 'object' };
  }
  return { json: write(value) };
}

/** Return a value as it is typed. */
export function toCell(value: Json | undefined, column: Column): string {
  if (value === null || value === undefined) {
    return '';
  }
  if (typeof value === 'string') {
    return value === '' && column.type.kind === 'string' && column.nullable ? EMPTY_TEXT : value;
  }
  return write(value);
}

/** Return the rows' faults by row and column key. */
export function faults(rows: readonly Row[], columns: readonly Column[]): Map<number, Map<string, Wrong>> {
  const found = new Map<number, Map<string, Wrong>>();
  rows.forEach((row, at) => {
    for (const column of columns) {
      const read = readCell(row[column.key] ?? '', column);
      if ('wrong' in read) {
        found.set(at, (found.get(at) ?? new Map<string, Wrong>()).set(column.key, read.wrong));
      }
    }
  });
  return found;
}
