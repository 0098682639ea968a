/** What is typed into the query tester of one deployment, and how it goes over to another signature. No React in here. */

import type { Description, InputExample } from '../../api/types';
import { rowsOf } from './body';
import { toCell, type Column, type Row } from './cells';
import { layOut, toJson } from './json';
import { digest, inputsOf, layoutOf, type Layout } from './layout';
import type { KernelSource } from './snippets';

export type Editor = 'form' | 'grid' | 'json';

/** Where the rows come from: the model's example, an invented one, a frame of the kernel, or the user. */
export type Origin = 'example' | 'invented' | 'kernel' | 'typed';

export interface Draft {
  readonly io: 'single' | 'multi';
  readonly editor: Editor;
  readonly dialect: string;
  readonly revision: number | null;
  readonly rows: readonly Row[];
  readonly origin: Origin;
  readonly params: Row;
  readonly inputs: Row;
  /** JSON that was typed, by dialect; a dialect without is made of the typed values. */
  readonly json: Row;
  /** The rows of a frame that the rows are; null as soon as one is edited. */
  readonly source: KernelSource | null;
  /** The kernel's model that answers beside the endpoint; empty for none. */
  readonly model: string;
  /** What the values were typed for, and the revision that said so. */
  readonly digest: string;
  readonly columns: readonly string[];
}

/** How the signature changed under a draft. */
export interface Moved {
  readonly revision: number;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export function firstDraft(description: Description): Draft {
  const layout = layoutOf(description);
  const { example } = description;
  const own = layout.kind === 'table' && example !== null ? exampleRows(example, layout) : null;
  const invented = layout.kind === 'table' && own === null ? inventedRows(description, layout) : null;
  const rows = own?.slice(0, 1) ?? invented ?? [{}];
  return {
    io: layout.kind === 'inputs' ? 'multi' : 'single',
    editor: layout.kind === 'none' ? 'json' : 'form',
    dialect: description.dialects.some(each => each.name === 'invocations')
      ? 'invocations'
      : (description.dialects[0]?.name ?? 'invocations'),
    revision: null,
    rows,
    origin: own !== null ? 'example' : 'invented',
    params: exampleParams(description),
    inputs: firstInputs(layout, example, rows),
    json: {},
    source: null,
    model: '',
    digest: digest(layout),
    columns: namesOf(layout)
  };
}

/** Return the model's own rows in the table's columns; null when they do not fit it. */
export function exampleRows(example: InputExample, layout: Layout): Row[] | null {
  if (layout.kind !== 'table') {
    return null;
  }
  if (example.kind === 'table') {
    const { columns } = example;
    const keys = columns.length === 0 || !layout.named ? layout.columns.map(each => each.key) : columns;
    const by = new Map(layout.columns.map(each => [each.key, each]));
    return example.rows.map(row => rowFrom(row, keys, by));
  }
  const value = example.kind === 'named' ? Object.values(example.inputs)[0] : example.value;
  return value === undefined ? null : rowsOf(JSON.stringify({ inputs: value }), layout);
}

function rowFrom(row: readonly unknown[], keys: readonly string[], by: ReadonlyMap<string, Column>): Row {
  const cells: Record<string, string> = {};
  keys.forEach((key, at) => {
    const column = by.get(key);
    if (column !== undefined) {
      cells[key] = toCell(toJson(row[at]), column);
    }
  });
  return cells;
}

/** Return rows of the kernel's frame in the table's columns, by name, or by position where there are none. */
export function kernelRows(
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
  layout: Layout
): Row[] {
  if (layout.kind !== 'table') {
    return [];
  }
  const by = new Map(layout.columns.map(each => [each.key, each]));
  const keys = layout.named ? columns : layout.columns.map(each => each.key);
  return rows.map(row => rowFrom(row, keys, by));
}

/** The first dialect's example is a body that works: made from the signature when the model brought no rows. */
function inventedRows({ dialects }: Description, layout: Layout): Row[] | null {
  const example = dialects.find(each => each.name === 'invocations')?.example ?? '';
  return layout.kind === 'table' && example !== '' ? rowsOf(example, layout) : null;
}

function exampleParams({ example, signature }: Description): Row {
  const row: Record<string, string> = {};
  for (const param of signature?.params ?? []) {
    const given = example?.params[param.name];
    if (given !== undefined) {
      row[param.name] = toCell(toJson(given), paramColumn(param));
    }
  }
  return row;
}

export function paramColumn(param: NonNullable<Description['signature']>['params'][number]): Column {
  return { key: param.name, name: param.name, type: param.type, required: false, nullable: true };
}

function firstInputs(layout: Layout, example: InputExample | null, rows: readonly Row[]): Row {
  const inputs: Record<string, string> = {};
  for (const column of inputsOf(layout)) {
    const own = example?.kind === 'named' ? example.inputs[column.name] : undefined;
    const whole = example?.kind === 'value' && layout.kind === 'inputs' ? example.value : undefined;
    const found = own ?? whole;
    inputs[column.key] =
      found !== undefined
        ? layOut(toJson(found))
        : layout.kind === 'table'
          ? columnText(rows, column)
          : layOut(toJson(zeros(column.type.shape ?? [])));
  }
  return inputs;
}

/** A column's cells as a list, for its own editor. */
export function columnText(rows: readonly Row[], column: Column): string {
  const cells = rows.map(row => row[column.key] ?? '');
  const values = cells.map(cell => {
    const plain = column.type.kind === 'string' || column.type.kind === 'datetime';
    return cell === '' ? 'null' : plain || column.type.kind === 'binary' ? JSON.stringify(cell) : cell;
  });
  return `[${values.join(', ')}]`;
}

const MOST = 64;

function zeros(shape: readonly number[]): unknown {
  return shape.reduceRight<unknown>(
    (inner, size) => Array.from({ length: size < 0 ? 1 : Math.min(size, MOST) }, () => inner),
    0
  );
}

function namesOf(layout: Layout): string[] {
  return layout.kind === 'none' ? [] : layout.columns.map(each => each.key);
}

/** Take a draft over to what the endpoint says now: values stay by name; null when nothing changed. */
export function carry(draft: Draft, description: Description): { draft: Draft; moved: Moved } | null {
  const layout = layoutOf(description);
  const now = digest(layout);
  if (now === draft.digest) {
    return null;
  }
  const columns = namesOf(layout);
  const fresh = firstDraft(description);
  const added = columns.filter(each => !draft.columns.includes(each));
  const removed = draft.columns.filter(each => !columns.includes(each));
  const filled = draft.rows.map(row => ({ ...pick(fresh.rows[0] ?? {}, added), ...row }));
  return {
    draft: {
      ...draft,
      io: layout.kind === 'inputs' ? 'multi' : inputsOf(layout).length === 0 ? 'single' : draft.io,
      editor: layout.kind === 'none' ? 'json' : draft.editor,
      rows: filled,
      inputs: { ...pick(fresh.inputs, added), ...draft.inputs },
      source: null,
      digest: now,
      columns
    },
    moved: { revision: description.revision, added, removed }
  };
}

function pick(row: Row, keys: readonly string[]): Row {
  return Object.fromEntries(keys.flatMap(key => (row[key] === undefined ? [] : [[key, row[key]]])));
}

/** Read a draft that was kept; null when it is none. */
export function readDraft(value: unknown): Draft | null {
  const data = (typeof value === 'object' && value !== null ? value : {}) as Partial<Draft>;
  const fits =
    typeof data.digest === 'string' &&
    typeof data.dialect === 'string' &&
    Array.isArray(data.rows) &&
    Array.isArray(data.columns) &&
    isRow(data.params) &&
    isRow(data.inputs) &&
    isRow(data.json);
  return fits ? (data as Draft) : null;
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
