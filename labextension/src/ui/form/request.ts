/** From what stands in the form to what is sent, and to the `%deploy` command that does the same. No React in here. */

import type { CreateDeployment, UpdateDeployment } from '../../api/types';
import * as commands from '../line/commands';
import type { Command, Value } from '../line/line';
import { edits } from './merge';
import { EMPTY, modelWord, PAIRS, recordOf, type FormValues } from './values';

/** What makes a new revision when it changes: all that says what runs. */
const RUNS = new Set([
  'model',
  'instance_type',
  'image',
  'image_pull_secret',
  'env',
  'secret_env',
  'method',
  'isolate',
  'predict_timeout',
  'max_payload'
]);

type Fields = Record<string, Exclude<Value, undefined>>;

/** Every field under the name that Python, the line and REST have for it. */
function fieldsOf(values: FormValues): Fields {
  return {
    name: values.name,
    replicas: Number(values.replicas),
    max_replicas: values.max_replicas === '' ? 0 : Number(values.max_replicas),
    instance_type: values.instance_type,
    public: !values.private,
    env: recordOf(values.env),
    secret_env: recordOf(values.secret_env),
    metadata: recordOf(values.metadata),
    description: values.description,
    api_name: values.api_name,
    method: values.method.trim(),
    isolate: values.isolate,
    check_parity: values.check_parity,
    predict_timeout: Number(values.predict_timeout),
    max_payload: Number(values.max_payload),
    start_timeout: Number(values.start_timeout),
    image: values.image.trim(),
    image_pull_secret: values.image_pull_secret.trim()
  };
}

/** What differs from what one gets without saying so. */
function chosen(values: FormValues, defaults: FormValues): Fields {
  const usual = fieldsOf(defaults);
  return Object.fromEntries(
    Object.entries(fieldsOf(values)).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(usual[name])
    )
  );
}

/** The defaults of the server, which need not be said; `small` is the engine's own default size. */
const USUAL: FormValues = { ...EMPTY, group: 'default', instance_type: 'small' };

/** The request of a form whose model is a URI. */
export function createRequest(values: FormValues): CreateDeployment {
  const word = modelWord(values);
  return {
    ...chosen(values, USUAL),
    name: values.name,
    model: word !== null && 'uri' in word ? word.uri : '',
    group: values.group,
    ...(values.id === '' ? {} : { id: values.id }),
    ...(values.message === '' ? {} : { message: values.message })
  };
}

/** The same as a command; a name that the model suggests is not said. */
export function createCommand(values: FormValues): Command {
  const word = modelWord(values) ?? { variable: 'MODEL' };
  const { name, ...rest } = chosen(values, USUAL);
  const suggested = 'variable' in word ? word.variable : /^models:\/+([^/@]+)(?:\/|@)/.exec(word.uri)?.[1];
  return commands.deploy(word, {
    name: name === suggested ? undefined : name,
    id: values.id === '' ? undefined : values.id,
    group: values.group === USUAL.group ? undefined : values.group,
    ...rest,
    message: values.message === '' ? undefined : values.message
  });
}

/** What an update would say: only what changed. */
export function changedFields(base: FormValues, values: FormValues): Fields {
  const names = new Set(edits(base, values).map(({ path }) => (path === 'private' ? 'public' : top(path))));
  const fields = fieldsOf(values);
  return Object.fromEntries(Object.entries(fields).filter(([name]) => names.has(name)));
}

function top(path: string): string {
  const at = path.indexOf('.');
  return at === -1 || !PAIRS.includes(path.slice(0, at) as never) ? path : path.slice(0, at);
}

export function modelChanged(base: FormValues, values: FormValues): boolean {
  return edits(base, values).some(({ path }) => path === 'model');
}

/** Whether what changed makes a new revision. */
export function makesRevision(base: FormValues, values: FormValues): boolean {
  return edits(base, values).some(({ path }) => RUNS.has(top(path)));
}

export function updateRequest(base: FormValues, values: FormValues, version: number): UpdateDeployment {
  const word = modelWord(values);
  return {
    ...changedFields(base, values),
    ...(modelChanged(base, values) && word !== null && 'uri' in word ? { model: word.uri } : {}),
    ...(values.start ? { start: true } : {}),
    message: values.message,
    resource_version: version
  };
}

export function updateCommand(id: string, base: FormValues, values: FormValues): Command {
  const word = modelChanged(base, values) ? (modelWord(values) ?? undefined) : undefined;
  const options = {
    ...changedFields(base, values),
    start: values.start ? true : undefined,
    message: values.message === '' ? undefined : values.message
  };
  return commands.update(id, options, word);
}

/** The command as the form runs it in the kernel: it does not wait there, and makes nothing else by mistake. */
export function inKernel(command: Command): Command {
  const once = command.verb === 'deploy' ? { new: true } : {};
  return { ...command, options: { ...command.options, ...once, wait: false } };
}
