/** What a notebook file keeps of a deployment: enough for a picture when nothing answers. */

import type { Deployment, State } from '../../api/types';

const STATES: readonly string[] = ['deploying', 'deployed', 'failed', 'stopping', 'stopped'];

/** Everything optional may be missing: notebooks outlive versions. */
export interface Payload {
  id: string;
  uid: string;
  name: string;
  url: string;
  state: State;
  /** The whole deployment as REST gives it, where the kernel's mdeploy put it in. */
  deployment?: Deployment;
  replicas?: { ready: number; wanted: number };
  model?: string;
  message?: string;
}

/** Read the deployments of a cell's output: one, or the list of `md.deployments()`; null when it is none of ours. */
export function readPayloads(value: unknown): Payload[] | null {
  const list = isRecord(value) ? value['deployments'] : undefined;
  if (Array.isArray(list)) {
    return list.flatMap(each => readPayload(each) ?? []);
  }
  const one = readPayload(value);
  return one === null ? null : [one];
}

export const CELL_VIEWS = [
  'card',
  'cards',
  'overview',
  'query',
  'logs',
  'history',
  'clients',
  'events',
  'form',
  'grid',
  'create'
] as const;
export type CellViewName = (typeof CELL_VIEWS)[number];

/** A cell's output: which view, of which deployments. */
export interface Cell {
  view: CellViewName;
  payloads: Payload[];
  options: Record<string, unknown>;
}

/** Read a cell's output; null when it is none of ours. A view that this version does not know is a card. */
export function readCell(value: unknown): Cell | null {
  const data = isRecord(value) ? value : {};
  const view = CELL_VIEWS.find(each => each === data['view']) ?? 'card';
  const options = isRecord(data['options']) ? data['options'] : {};
  const payloads = readPayloads(value) ?? [];
  const needsNone = view === 'grid' || view === 'create' || view === 'cards';
  return payloads.length === 0 && !(needsNone && isRecord(value)) ? null : { view, payloads, options };
}

/** Read a cell's output, which anybody may have written; null when it is none of ours. */
export function readPayload(value: unknown): Payload | null {
  const data = isRecord(value) ? value : {};
  const deployment = isDeployment(data['deployment'])
    ? data['deployment']
    : isDeployment(value)
      ? value
      : undefined;
  const id = text(data['id']) || (deployment?.id ?? '');
  if (id === '') {
    return null;
  }
  const state = text(data['state']) || (deployment?.status.state ?? '');
  const payload: Payload = {
    id,
    uid: text(data['uid']) || (deployment?.uid ?? ''),
    name: text(data['name']) || (deployment?.spec.name ?? id),
    url: text(data['url']) || (deployment?.url ?? ''),
    state: STATES.includes(state) ? (state as State) : 'deploying',
    model: text(data['model']),
    message: text(data['message'])
  };
  if (deployment !== undefined) {
    payload.deployment = deployment;
  }
  const replicas = data['replicas'];
  if (isRecord(replicas) && typeof replicas['ready'] === 'number' && typeof replicas['wanted'] === 'number') {
    payload.replicas = { ready: replicas['ready'], wanted: replicas['wanted'] };
  }
  return payload;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDeployment(value: unknown): value is Deployment {
  return (
    isRecord(value) &&
    isRecord(value['spec']) &&
    isRecord(value['spec']['template']) &&
    isRecord(value['spec']['template']['model']) &&
    isRecord(value['status']) &&
    isRecord(value['status']['replicas']) &&
    typeof value['updated_at'] === 'string'
  );
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
