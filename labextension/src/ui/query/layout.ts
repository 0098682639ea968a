/** How a model's input is laid out: a table, several inputs that share no rows, or nothing that is known. */

import type { Description, SignatureField, ValueType } from '../../api/types';
import type { Column } from './cells';
import { field, isList, parse } from './json';

export interface Table {
  readonly kind: 'table';
  readonly columns: readonly Column[];
  /** Whether the columns have names. */
  readonly named: boolean;
  /** MLflow's form: `dataframe_split`, or `inputs` with rows, or with one value for each row. */
  readonly form: 'split' | 'rows' | 'values';
  /** The name of the tensor that the whole table is; null where each column stands for itself. */
  readonly tensor: string | null;
}

export interface Inputs {
  readonly kind: 'inputs';
  readonly columns: readonly Column[];
}

export type Layout = Table | Inputs | { readonly kind: 'none' };

const WIDEST = 512;

/** Return how the described model takes its input. */
export function layoutOf({ signature, dialects }: Description): Layout {
  const inputs = signature?.inputs ?? null;
  if (inputs === null || inputs.length === 0) {
    return { kind: 'none' };
  }
  const [first] = inputs;
  if (first?.type.kind === 'tensor') {
    return inputs.length === 1
      ? tensorLayout(first)
      : { kind: 'inputs', columns: inputs.map((each, at) => columnOf(each, at)) };
  }
  const columns = inputs.map((each, at) => columnOf(each, at));
  const named = inputs.every(each => each.name !== '');
  const example = parse(dialects.find(each => each.name === 'invocations')?.example ?? '');
  const listed = 'value' in example && isList(field(example.value, 'inputs'));
  const form = !listed ? 'split' : columns.length === 1 && !named ? 'values' : 'rows';
  return { kind: 'table', columns, named, form, tensor: null };
}

function columnOf(spec: SignatureField, at: number): Column {
  return { ...spec, key: spec.name === '' ? `#${at}` : spec.name };
}

/** A matrix of a known width is a table of its columns; every other tensor is edited as a whole. */
function tensorLayout(spec: SignatureField): Layout {
  const shape = spec.type.shape ?? [];
  const type = elementOf(spec.type.dtype);
  const [, width = 1] = shape;
  const wide = shape.length === 1 || (shape.length === 2 && width > 0 && width <= WIDEST);
  if (!wide || shape[0] !== -1) {
    return { kind: 'inputs', columns: [columnOf(spec, 0)] };
  }
  const nullable = type.kind === 'double';
  const columns = Array.from({ length: width }, (_, at) => ({
    key: `#${at}`,
    name: '',
    type,
    required: true,
    nullable
  }));
  return {
    kind: 'table',
    columns,
    named: false,
    form: shape.length === 1 ? 'values' : 'rows',
    tensor: spec.name
  };
}

/** Return the type of one value of a tensor. */
export function elementOf(dtype: string): ValueType {
  const kind = dtype.startsWith('float')
    ? 'double'
    : /^u?int/.test(dtype)
      ? 'long'
      : dtype === 'bool'
        ? 'boolean'
        : 'string';
  return { kind, text: dtype, dtype: '', shape: null, items: null, properties: [] };
}

/** Return the inputs to edit one by one; none where they have no names to be called by. */
export function inputsOf(layout: Layout): readonly Column[] {
  return layout.kind === 'inputs'
    ? layout.columns
    : layout.kind === 'table' && layout.named
      ? layout.columns
      : [];
}

/** Name what a draft was typed for, so that a change of it is seen. */
export function digest(layout: Layout): string {
  return layout.kind === 'none'
    ? 'none'
    : [layout.kind, ...layout.columns.map(each => `${each.key}: ${each.type.text}`)].join('\n');
}

/** Return what a shape lacks or has too much of, as the sizes it has; null when it fits. */
export function misfit(sizes: readonly number[] | null, shape: readonly number[]): string | null {
  if (sizes === null) {
    return 'ragged';
  }
  const fits = sizes.length === shape.length && shape.every((size, at) => size < 0 || size === sizes[at]);
  return fits ? null : `[${sizes.join(', ')}]`;
}
