/** From what was typed to the body of a dialect, and back. */

import type { Column, Row } from './cells';
import { readCell, toCell } from './cells';
import { field, isList, isObj, layOut, parse, write, type Json } from './json';
import type { Layout, Table } from './layout';

/** Dialects whose bodies are made of typed values; the others take what is written as JSON. */
export const FORMED = ['invocations', 'oip'];

export interface Typed {
  readonly io: 'single' | 'multi';
  readonly rows: readonly Row[];
  readonly params: Row;
  /** JSON of each input, by key. */
  readonly inputs: Row;
}

const COLUMN_TYPES: Readonly<Record<string, string>> = {
  boolean: 'BOOL',
  integer: 'INT32',
  long: 'INT64',
  float: 'FP32',
  double: 'FP64'
};

/** Write the body; what cannot be read is null in it (faults are told elsewhere). */
export function bodyOf(dialect: string, layout: Layout, params: readonly Column[], typed: Typed): string {
  const given = paramsOf(params, typed.params);
  const body = dialect === 'oip' ? oip(layout, typed, given) : invocations(layout, typed, given);
  const parsed = parse(body);
  return 'value' in parsed ? layOut(parsed.value) : body;
}

function json(row: Row, column: Column): string {
  const read = readCell(row[column.key] ?? '', column);
  return 'json' in read ? read.json : 'null';
}

function paramsOf(params: readonly Column[], row: Row): string {
  const given = params.filter(each => (row[each.key] ?? '') !== '');
  return given.length === 0
    ? ''
    : `{${given.map(each => `${JSON.stringify(each.name)}: ${json(row, each)}`).join(', ')}}`;
}

/** An optional column without any value is left out, since not every type can hold null. */
function present(columns: readonly Column[], rows: readonly Row[]): readonly Column[] {
  return columns.filter(each => each.required || rows.some(row => (row[each.key] ?? '') !== ''));
}

function invocations(layout: Layout, typed: Typed, given: string): string {
  const tail = given === '' ? '' : `, "params": ${given}`;
  if (layout.kind === 'inputs' || typed.io === 'multi') {
    const columns = layout.kind === 'none' ? [] : layout.columns;
    const [only] = columns;
    if (columns.length === 1 && only?.name === '') {
      return `{"inputs": ${value(typed.inputs, only)}${tail}}`;
    }
    const parts = columns
      .filter(each => each.required || (typed.inputs[each.key] ?? '').trim() !== '')
      .map(each => `${JSON.stringify(each.name)}: ${value(typed.inputs, each)}`);
    return `{"inputs": {${parts.join(', ')}}${tail}}`;
  }
  if (layout.kind === 'none') {
    return '{}';
  }
  const columns = present(layout.columns, typed.rows);
  const data = `[${typed.rows.map(row => rowOf(row, columns, layout)).join(', ')}]`;
  if (layout.form !== 'split') {
    return `{"inputs": ${data}${tail}}`;
  }
  const names = layout.named ? `"columns": ${JSON.stringify(columns.map(each => each.name))}, ` : '';
  return `{"dataframe_split": {${names}"data": ${data}}${tail}}`;
}

function rowOf(row: Row, columns: readonly Column[], { form, named }: Table): string {
  const cells = columns.map(each => json(row, each));
  if (form === 'values') {
    return cells[0] ?? 'null';
  }
  return form === 'rows' && named
    ? `{${columns.map((each, at) => `${JSON.stringify(each.name)}: ${cells[at] ?? 'null'}`).join(', ')}}`
    : `[${cells.join(', ')}]`;
}

function value(inputs: Row, column: Column): string {
  const text = inputs[column.key] ?? '';
  return 'value' in parse(text) ? text : 'null';
}

function oip(layout: Layout, typed: Typed, given: string): string {
  const tail = given === '' ? '' : `, "parameters": ${given}`;
  return `{"inputs": [${tensors(layout, typed).join(', ')}]${tail}}`;
}

function tensors(layout: Layout, { io, rows, inputs }: Typed): string[] {
  if (layout.kind === 'none') {
    return [];
  }
  if (layout.kind === 'inputs' || io === 'multi') {
    return layout.columns
      .filter(each => each.required || (inputs[each.key] ?? '').trim() !== '')
      .map(each => {
        const parsed = parse(inputs[each.key] ?? '');
        const found = 'value' in parsed ? parsed.value : null;
        const sizes = sizesOf(found) ?? [];
        return tensor(each.name || 'input-0', datatype(each), sizes, flat(found).map(write));
      });
  }
  const columns = present(layout.columns, rows);
  if (layout.named) {
    return columns.map(each =>
      tensor(
        each.name,
        datatype(each),
        [rows.length],
        rows.map(row => json(row, each))
      )
    );
  }
  const [first] = columns;
  const sizes = layout.form === 'values' ? [rows.length] : [rows.length, columns.length];
  const cells = rows.flatMap(row => columns.map(each => json(row, each)));
  return [tensor(layout.tensor || 'input-0', first === undefined ? 'FP64' : datatype(first), sizes, cells)];
}

function tensor(name: string, type: string, shape: readonly number[], data: readonly string[]): string {
  return `{"name": ${JSON.stringify(name)}, "shape": [${shape.join(', ')}], "datatype": "${type}", "data": [${data.join(', ')}]}`;
}

/** Return the protocol's name of a type: a tensor's by its dtype, a column's by its kind. */
export function datatype({ type }: Pick<Column, 'type'>): string {
  const dtype =
    type.kind === 'tensor' ? type.dtype : type.kind === 'double' || type.kind === 'long' ? type.text : '';
  const found = /^(float|uint|int)(\d+)$/.exec(dtype);
  if (found !== null) {
    const word = found[1] === 'float' ? 'FP' : (found[1] ?? '').toUpperCase();
    return `${word}${found[2] ?? ''}`;
  }
  return dtype === 'bool' ? 'BOOL' : (COLUMN_TYPES[type.kind] ?? 'BYTES');
}

/** Return the sizes of nested lists, `[]` for a single value; null when they are ragged. */
export function sizesOf(value: Json): number[] | null {
  if (!isList(value)) {
    return [];
  }
  const inner = value.map(sizesOf);
  const [first = []] = inner;
  if (inner.some(each => each === null || first === null || each.join() !== first.join())) {
    return null;
  }
  return [value.length, ...(first ?? [])];
}

export function flat(value: Json): Json[] {
  return isList(value) ? value.flatMap(flat) : [value];
}

/** Read a body of `/invocations` back into rows; null when it is none that the table can show. */
export function rowsOf(text: string, layout: Table): Row[] | null {
  const parsed = parse(text);
  if ('error' in parsed) {
    return null;
  }
  const split = field(parsed.value, 'dataframe_split');
  if (split !== undefined) {
    const names = field(split, 'columns');
    return byPosition(field(split, 'data'), isList(names) ? names : null, layout);
  }
  const records = ['dataframe_records', 'inputs', 'instances']
    .map(key => field(parsed.value, key))
    .find(each => each !== undefined);
  return byPosition(records, null, layout);
}

function byPosition(data: Json | undefined, names: readonly Json[] | null, layout: Table): Row[] | null {
  if (!isList(data) || data.length === 0) {
    return null;
  }
  const named = layout.named
    ? names?.map(each => (typeof each === 'string' ? each : write(each)))
    : undefined;
  const order = named ?? layout.columns.map(each => (layout.named ? each.name : each.key));
  const known = new Map(layout.columns.map(each => [layout.named ? each.name : each.key, each]));
  const rows = data.map(row => {
    const items: readonly (readonly [string, Json])[] | null =
      isObj(row) && layout.named
        ? row.fields
        : isList(row) && layout.form !== 'values'
          ? row.map((each, at) => [order[at] ?? '', each] as const)
          : layout.columns.length === 1
            ? [[order[0] ?? '', row]]
            : null;
    return items === null ? null : rowFrom(items, known);
  });
  return rows.every(each => each !== null) ? rows : null;
}

function rowFrom(
  items: readonly (readonly [string, Json])[],
  known: ReadonlyMap<string, Column>
): Row | null {
  const row: Record<string, string> = {};
  for (const [name, each] of items) {
    const column = known.get(name);
    if (column === undefined) {
      return null;
    }
    row[column.key] = toCell(each, column);
  }
  return row;
}
