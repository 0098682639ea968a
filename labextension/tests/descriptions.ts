/** Descriptions of endpoints as REST gives them, for tests of the query tester. */

import type { Description, SignatureField, SignatureParam, ValueType } from '../src/api/types';
import type { Column } from '../src/ui/query/cells';

const MLFLOW = 'MLflow scoring server';
const OIP = 'Open Inference Protocol v2';

function type(kind: ValueType['kind'], change: Partial<ValueType> = {}): ValueType {
  return { kind, text: kind, dtype: '', shape: null, items: null, properties: [], ...change };
}

export function field(
  name: string,
  kind: ValueType['kind'],
  change: Partial<SignatureField> = {}
): SignatureField {
  return { name, type: type(kind), required: true, nullable: false, ...change };
}

export function tensor(name: string, dtype: string, shape: number[]): SignatureField {
  return field(name, 'tensor', {
    type: type('tensor', { text: `${dtype}[${shape.join(', ')}]`, dtype, shape })
  });
}

export function column(name: string, kind: ValueType['kind'], change: Partial<Column> = {}): Column {
  return { ...field(name, kind), key: name, ...change };
}

interface Described {
  inputs: SignatureField[] | null;
  outputs?: SignatureField[];
  params?: SignatureParam[];
  /** The model's own rows. */
  rows?: unknown[][];
  /** The body that `/invocations` shows. */
  example?: string;
  revision?: number;
}

export function describes({ inputs, outputs, params, rows, example, revision }: Described): Description {
  const names = inputs?.map(each => each.name) ?? [];
  const dialect = { method: 'POST', binary: false, multi_io: true, content_types: ['application/json'] };
  return {
    name: 'churn',
    deployment: 'churn',
    revision: revision ?? 1,
    model: { uri: 'models:/churn/1', name: 'churn', version: '1', flavors: ['sklearn'] },
    method: 'predict',
    signature:
      inputs === null ? null : { inputs, outputs: outputs ?? null, params: params ?? [], multi_io: false },
    example:
      rows === undefined
        ? null
        : { kind: 'table', columns: names, rows, inputs: {}, value: null, total: rows.length, params: {} },
    dialects: [
      {
        ...dialect,
        name: 'invocations',
        title: MLFLOW,
        path: '/invocations',
        example: example ?? '{"dataframe_split": {"data": []}}'
      },
      {
        ...dialect,
        name: 'oip',
        title: OIP,
        path: '/v2/models/churn/infer',
        example: ''
      }
    ],
    max_payload: 1000,
    predict_timeout: 60,
    url: 'http://127.0.0.1:8000/deployment/churn',
    public: false
  } as Description;
}
