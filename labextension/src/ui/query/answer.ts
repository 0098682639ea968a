/** The answer as named outputs, each a table or a value. */

import { field, isList, isNum, isObj, plain, type Json } from './json';

export interface Output {
  readonly name: string;
  readonly value: Json;
  readonly table: AnswerTable | null;
  /** A tensor's, as `float64[3, 2]`; empty otherwise. */
  readonly type: string;
}

export interface AnswerTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Json[])[];
}

/** Read what a dialect answered; `names` are those of the signature's outputs. */
export function outputsOf(dialect: string, answer: Json, names: readonly string[], apart: boolean): Output[] {
  if (dialect === 'oip') {
    const outputs = field(answer, 'outputs');
    if (isList(outputs)) {
      const found = outputs.map(tensorOf);
      return apart ? found : (joined(found) ?? found);
    }
  }
  if (dialect === 'seldon') {
    const found = seldon(answer);
    if (found !== null) {
      return apart && found.table !== null ? byColumn(found.table) : [found];
    }
  }
  const predictions = inner(dialect, answer);
  if (isObj(predictions) && (apart || predictions.fields.every(([, each]) => isList(each)))) {
    const found = predictions.fields.map(([name, value]) => output(name, value, [name]));
    return apart ? found : (joined(found) ?? found);
  }
  const whole = output('', predictions, names);
  return apart && whole.table !== null ? byColumn(whole.table) : [whole];
}

/** Where a dialect keeps its answer. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  invocations: ['predictions'],
  'tensorflow-serving': ['predictions', 'outputs', 'result'],
  seldon: ['jsonData', 'strData', 'binData'],
  foundry: ['responseData']
};

function inner(dialect: string, answer: Json): Json {
  for (const place of PLACES[dialect] ?? []) {
    const found = field(answer, place);
    if (found !== undefined) {
      return found;
    }
  }
  return answer;
}

/** Seldon's `data`: rows, or a tensor, with their names. */
function seldon(answer: Json): Output | null {
  const data = field(answer, 'data');
  const given = field(data, 'names');
  const names = isList(given) ? given.filter(each => typeof each === 'string') : [];
  const rows = field(data, 'ndarray');
  if (rows !== undefined) {
    return output('', rows, names);
  }
  const values = field(field(data, 'tensor'), 'values');
  const sizes = field(field(data, 'tensor'), 'shape');
  if (!isList(values) || !isList(sizes)) {
    return null;
  }
  const shape = sizes.map(each => (isNum(each) ? Number(each.number) : 0));
  return output('', nested(values, shape), names, `[${shape.join(', ')}]`);
}

function output(name: string, value: Json, names: readonly string[], type = ''): Output {
  return { name, value, type, table: tableOf(value, names) };
}

function byColumn({ columns, rows }: AnswerTable): Output[] {
  return columns.map((name, at) =>
    output(
      name,
      rows.map(row => row[at] ?? null),
      [name]
    )
  );
}

/** Several outputs with one value for each row are one table. */
function joined(outputs: readonly Output[]): Output[] | null {
  const lists = outputs.map(each => (isList(each.value) ? each.value : []));
  const height = lists[0]?.length ?? 0;
  const flat = lists.every(list => list.length === height && !list.some(each => isList(each) || isObj(each)));
  if (height === 0 || !flat || outputs.length < 2) {
    return null;
  }
  const rows = Array.from({ length: height }, (_, at) => lists.map(list => list[at] ?? null));
  return [{ name: '', value: rows, type: '', table: { columns: outputs.map(each => each.name), rows } }];
}

function tensorOf(tensor: Json): Output {
  const name = field(tensor, 'name');
  const sizes = field(tensor, 'shape');
  const type = field(tensor, 'datatype');
  const shape = isList(sizes) ? sizes.map(each => (isNum(each) ? Number(each.number) : 0)) : [];
  const data = field(tensor, 'data');
  const label = typeof name === 'string' ? name : '';
  const value = isList(data) ? nested(data, shape) : (data ?? null);
  return output(label, value, [label], `${typeof type === 'string' ? type : ''}[${shape.join(', ')}]`);
}

/** Fold a flat list by a shape; one that does not fit stays flat. */
export function nested(data: readonly Json[], shape: readonly number[]): Json {
  const [, ...inner] = shape;
  const size = inner.reduce((product, each) => product * each, 1);
  if (inner.length === 0 || size === 0 || data.length !== (shape[0] ?? 0) * size) {
    return data;
  }
  return Array.from({ length: shape[0] ?? 0 }, (_, at) =>
    nested(data.slice(at * size, (at + 1) * size), inner)
  );
}

/** Return a list of values, rows or records as a table; null when it is none. */
export function tableOf(value: Json, names: readonly string[]): AnswerTable | null {
  if (!isList(value) || value.length === 0) {
    return null;
  }
  if (value.every(isObj)) {
    const columns = [...new Set(value.flatMap(row => row.fields.map(([name]) => name)))];
    return { columns, rows: value.map(row => columns.map(name => field(row, name) ?? null)) };
  }
  if (value.every(isList)) {
    const width = Math.max(...value.map(row => row.length));
    const own = names.length === width && names.every(each => each !== '');
    const columns = Array.from({ length: width }, (_, at) => (own ? (names[at] ?? '') : String(at)));
    return { columns, rows: value.map(row => columns.map((_, at) => row[at] ?? null)) };
  }
  const [name = ''] = names;
  return { columns: [names.length === 1 ? name : ''], rows: value.map(each => [each]) };
}

const RELATIVE = 1e-6;
const ABSOLUTE = 1e-9;

/** Whether two answers are the same as the parity receipt has it: numbers within 1e-6 of the larger, the rest alike. */
export function agree(one: unknown, other: unknown): boolean {
  if (typeof one === 'number' && typeof other === 'number') {
    const most = Math.max(Math.abs(one), Math.abs(other));
    return one === other || Math.abs(one - other) <= Math.max(RELATIVE * most, ABSOLUTE);
  }
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((each, at) => agree(each, other[at]));
  }
  return one === other;
}

export interface Comparison {
  /** By row and column: the kernel's values. */
  readonly kernel: AnswerTable;
  /** By row: whether all its values agree. */
  readonly agreed: readonly boolean[];
  readonly differing: number;
}

/** Lay the kernel's answer beside the endpoint's; null when they are no tables of the same kind. */
export function compare(endpoint: AnswerTable, kernel: AnswerTable): Comparison {
  const height = Math.max(endpoint.rows.length, kernel.rows.length);
  const agreed = Array.from({ length: height }, (_, at) =>
    agree(endpoint.rows[at]?.map(plain), kernel.rows[at]?.map(plain))
  );
  return { kernel, agreed, differing: agreed.filter(each => !each).length };
}
