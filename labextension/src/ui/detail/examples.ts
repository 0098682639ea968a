/**
 * Run an Example: the same question in several languages, with a real row. No React in here.
 *
 * No token is in any of them: curl asks for it, Python asks for it, JavaScript reads it from the environment.
 */

import type { Description, DialectInfo, SignatureField } from '../../api/types';
import { quoted } from '../line/line';
import { isRecord, python, read, type Json } from './python';

export type Language = 'curl' | 'python' | 'requests' | 'javascript' | 'mlflow';

export interface ExampleOf {
  /** The deployment's id. */
  id: string;
  /** Its name, by which MLflow's client knows it. */
  name: string;
  url: string;
  /** Which client calls; null for a public one. */
  client: string | null;
  dialect: Pick<DialectInfo, 'path' | 'method' | 'content_types' | 'example'>;
  /** A body of MLflow's dialect: what rows are read from. */
  rows: string;
  inputs: readonly SignatureField[] | null;
}

/** What is asked when nothing is known of the model, as while it is stopped. */
export const UNKNOWN: ExampleOf['dialect'] = {
  path: '/invocations',
  method: 'POST',
  content_types: ['application/json'],
  example: '{"inputs": []}'
};

/** The dialects whose question can be written as text. */
export function written(description: Description | undefined): DialectInfo[] {
  return (description?.dialects ?? []).filter(dialect => !dialect.binary && dialect.example !== '');
}

export function example(language: Language, of: ExampleOf): string {
  switch (language) {
    case 'curl':
      return curl(of);
    case 'python':
      return owner(of);
    case 'requests':
      return requests(of);
    case 'javascript':
      return javascript(of);
    case 'mlflow':
      return mlflow(of);
  }
}

function contentType({ dialect }: ExampleOf): string {
  return dialect.content_types[0] ?? 'application/json';
}

function curl(of: ExampleOf): string {
  const asks =
    of.client === null
      ? []
      : [
          `# asks for the token of ${of.client}; -K FILE instead of -u reads one that was saved with token.save(FILE)`
        ];
  return [
    ...asks,
    `curl ${of.client === null ? '' : `-u ${quoted(of.client)} `}${quoted(of.url + of.dialect.path)} \\`,
    `  -H ${quoted(`Content-Type: ${contentType(of)}`)} \\`,
    `  --data-raw ${quoted(of.dialect.example)}`
  ].join('\n');
}

function requests(of: ExampleOf): string {
  const body = contentType(of) === 'application/json' ? read(of.dialect.example) : undefined;
  const given =
    body !== undefined
      ? [`    json=${python(body)},`]
      : [
          `    data=${JSON.stringify(of.dialect.example)}.encode(),`,
          `    headers={"Content-Type": ${JSON.stringify(contentType(of))}},`
        ];
  const auth =
    of.client === null
      ? []
      : [`    auth=(${JSON.stringify(of.client)}, getpass(${JSON.stringify(`Token of ${of.client}: `)})),`];
  return [
    ...(of.client === null ? [] : ['from getpass import getpass', '']),
    'import requests',
    '',
    'answer = requests.post(',
    `    ${JSON.stringify(of.url + of.dialect.path)},`,
    ...given,
    ...auth,
    ')',
    'answer.raise_for_status()',
    'print(answer.json())'
  ].join('\n');
}

function javascript(of: ExampleOf): string {
  const json = contentType(of) === 'application/json' && read(of.dialect.example) !== undefined;
  const variable = 'MDEPLOY_CLIENT_TOKEN';
  const headers = [
    `    'Content-Type': ${JSON.stringify(contentType(of))}`,
    ...(of.client === null ? [] : ['    Authorization: `Bearer ${token}`'])
  ];
  return [
    ...(of.client === null ? [] : [`const token = process.env.${variable}; // of the client ${of.client}`]),
    `const answer = await fetch(${JSON.stringify(of.url + of.dialect.path)}, {`,
    "  method: 'POST',",
    '  headers: {',
    headers.join(',\n'),
    '  },',
    `  body: ${json ? `JSON.stringify(${of.dialect.example})` : JSON.stringify(of.dialect.example)}`,
    '});',
    'console.log(await answer.json());'
  ].join('\n');
}

/** The owner's own call: no client and no token. */
function owner(of: ExampleOf): string {
  const { imports, lines } = rowsIn(of);
  return [
    'import mdeploy_lab as md',
    ...imports,
    '',
    ...lines,
    `print(md.get(${JSON.stringify(of.id)}).predict(X))`
  ].join('\n');
}

function mlflow(of: ExampleOf): string {
  const { imports, lines } = rowsIn(of);
  return [
    ...imports,
    'from mlflow.deployments import get_deploy_client',
    '',
    ...lines,
    'client = get_deploy_client("mdeploy")',
    `print(client.predict(${JSON.stringify(of.name)}, inputs=X))`
  ].join('\n');
}

interface Rows {
  imports: string[];
  lines: string[];
}

/** Make `X` of MLflow's body: a frame, an array, or named arrays. */
function rowsIn(of: ExampleOf): Rows {
  const body = read(of.rows);
  if (!isRecord(body)) {
    return { imports: [], lines: ['X = []'] };
  }
  const { dataframe_split: split, dataframe_records: records, inputs, instances } = body;
  if (isRecord(split)) {
    return frame(split, of.inputs);
  }
  if (records !== undefined) {
    return {
      imports: ['import pandas as pd'],
      lines: [`X = pd.DataFrame(${python(records)})`, ...times(of.inputs)]
    };
  }
  return arrays(inputs ?? instances ?? [], of.inputs ?? []);
}

function frame(split: Record<string, Json>, inputs: readonly SignatureField[] | null): Rows {
  const columns = split['columns'] === undefined ? '' : `, columns=${python(split['columns'])}`;
  return {
    imports: ['import pandas as pd'],
    lines: [`X = pd.DataFrame(${python(split['data'] ?? [])}${columns})`, ...times(inputs)]
  };
}

/** JSON has no times: columns that the signature knows as such are read. */
function times(inputs: readonly SignatureField[] | null): string[] {
  return (inputs ?? [])
    .filter(({ name, type }) => name !== '' && type.kind === 'datetime')
    .map(({ name }) => `X[${JSON.stringify(name)}] = pd.to_datetime(X[${JSON.stringify(name)}])`);
}

function arrays(value: Json, inputs: readonly SignatureField[]): Rows {
  const array = (each: Json, field: SignatureField | undefined): string =>
    field?.type.kind === 'tensor'
      ? `np.array(${python(each)}, dtype=${JSON.stringify(field.type.dtype)})`
      : python(each);
  const tensors = inputs.some(field => field.type.kind === 'tensor');
  const text = isRecord(value)
    ? `{${Object.entries(value)
        .map(([name, each]) => {
          const field = inputs.find(input => input.name === name);
          return `${JSON.stringify(name)}: ${array(each, field)}`;
        })
        .join(', ')}}`
    : array(value, inputs[0]);
  return { imports: tensors ? ['import numpy as np'] : [], lines: [`X = ${text}`] };
}
