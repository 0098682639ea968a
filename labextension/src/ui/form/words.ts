/** Words for what the form shows: fields by path, sizes, amounts. */

import type { InstanceType } from '../../api/types';
import type { Translator } from '../host';
import type { Resource } from './quota';

/** What a field is called on screen. */
export function labelOf(path: string, trans: Translator): string {
  const at = path.indexOf('.');
  const first = at === -1 ? path : path.slice(0, at);
  const label = fieldLabel(first, trans);
  return at === -1 ? label : `${label}: ${path.slice(at + 1)}`;
}

function fieldLabel(path: string, trans: Translator): string {
  const labels: Record<string, string> = {
    model: trans.__('Model'),
    name: trans.__('Deployment Name'),
    id: trans.__('Deployment ID'),
    group: trans.__('Group'),
    instance_type: trans.__('Instance Type'),
    replicas: trans.__('Replicas'),
    max_replicas: trans.__('Replicas at most'),
    private: trans.__('Private Access'),
    api_name: trans.__('API name'),
    image: trans.__('Model Image'),
    image_pull_secret: trans.__('Image Pull Secret'),
    description: trans.__('Description'),
    message: trans.__('Update Message'),
    env: trans.__('Environment variables'),
    secret_env: trans.__('Secret references'),
    metadata: trans.__('Metadata'),
    method: trans.__('Method'),
    isolate: trans.__('Isolated environment'),
    check_parity: trans.__('Parity check'),
    predict_timeout: trans.__('Prediction timeout (seconds)'),
    start_timeout: trans.__('Start timeout (seconds)'),
    max_payload: trans.__('Payload limit (bytes)')
  };
  return labels[path] ?? path;
}

/** "env.2.key" is a place in the form, not a name: rows are told by their number. */
export function placeLabel(path: string, trans: Translator): string {
  const row = /^(\w+)\.(\d+)\./.exec(path);
  return row === null
    ? labelOf(path, trans)
    : trans.__('%1, row %2', fieldLabel(row[1] ?? '', trans), Number(row[2]) + 1);
}

/** A value of `flat`, for people. */
export function valueWord(value: string | undefined, trans: Translator): string {
  switch (value) {
    case undefined:
      return trans.__('(none)');
    case '':
      return trans.__('(empty)');
    case 'true':
      return trans.__('on');
    case 'false':
      return trans.__('off');
    default:
      return value;
  }
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

export function bytes(count: number): string {
  let unit = 0;
  let value = count;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Number(value.toPrecision(4))} ${UNITS[unit] ?? ''}`;
}

export function sizeOf({ name, cpu, memory, gpu }: InstanceType): string {
  const parts = [`${cpu} vCPU`, bytes(memory), ...(gpu > 0 ? [`${gpu} GPU`] : [])];
  return `${name} (${parts.join(', ')})`;
}

export function resourceWord(resource: Resource, trans: Translator): string {
  switch (resource) {
    case 'cpu':
      return trans.__('vCPU');
    case 'memory':
      return trans.__('Memory');
    case 'gpu':
      return trans.__('GPU');
    case 'deployments':
      return trans.__('Running deployments');
  }
}

export function amount(resource: Resource, value: number): string {
  return resource === 'memory' ? bytes(value) : String(value);
}
