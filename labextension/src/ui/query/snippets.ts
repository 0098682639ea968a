/** The same request for a shell, a script, and a cell. A token is never in it: curl and Python ask for it. */

import { quoted } from '../line/line';

export interface Call {
  readonly id: string;
  /** Of the endpoint or of a revision of it, without the dialect's path. */
  readonly url: string;
  readonly path: string;
  readonly public: boolean;
  readonly dialect: string;
  readonly revision: number | null;
  readonly contentType: string;
  readonly body: string;
}

/** A frame of the kernel, and which of its rows. */
export interface KernelSource {
  readonly frame: string;
  readonly type: string;
  readonly start: number;
  readonly count: number;
  /** The columns that the model takes; none where it has no names. */
  readonly columns: readonly string[];
}

/** What a shell takes as one argument. */
const LONGEST = 100_000;

export function curl(call: Call): string {
  const long = call.body.length > LONGEST;
  const lines = [
    ...(long ? ['# body.json: the body, which is too long for a command line'] : []),
    `curl ${call.public ? '' : '-u CLIENT '}${quoted(call.url + call.path)}`,
    `  -H ${quoted(`Content-Type: ${call.contentType}`)}`,
    `  --data-binary ${long ? '@body.json' : quoted(call.body)}`
  ];
  const [first = '', ...rest] = lines;
  return long ? `${first}\n${rest.join(' \\\n')}` : lines.join(' \\\n');
}

export function python(call: Call): string {
  const auth = call.public ? '' : '    auth=("CLIENT", getpass("Token of CLIENT: ")),\n';
  return `${call.public ? '' : 'from getpass import getpass\n\n'}import requests

body = ${pythonText(call.body)}
response = requests.post(
    ${JSON.stringify(call.url + call.path)},
    data=body.encode(),
    headers={"Content-Type": ${JSON.stringify(call.contentType)}},
${auth})
print(response.status_code, response.text)
`;
}

/** A cell that asks as the deployment's owner, without a token. */
export function cell(call: Call, source: KernelSource | null): string {
  if (source !== null) {
    const rows =
      source.type === 'DataFrame' || source.type === 'Series' ? `${source.frame}.iloc` : source.frame;
    const given = call.revision === null ? '' : `, revision=${call.revision}`;
    const slice = `${rows}[${source.start}:${source.start + source.count}]`;
    return `import mdeploy_lab as md\n\nmd.get(${JSON.stringify(call.id)}).predict(${slice}${given})`;
  }
  const dialect = call.dialect === 'invocations' ? '' : ` --dialect ${quoted(call.dialect)}`;
  const revision = call.revision === null ? '' : ` --revision ${call.revision}`;
  return `%%deploy predict ${call.id}${dialect}${revision}\n${call.body}`;
}

function pythonText(text: string): string {
  return text.includes("'''") || text.includes('\\') || text.endsWith("'") || /\r/.test(text)
    ? JSON.stringify(text)
    : `'''${text}'''`;
}
