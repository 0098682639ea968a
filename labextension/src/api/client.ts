/** The REST interface as typed functions. */

import type { Transport } from './transport';
import type {
  ApiNameCheck,
  Changed,
  Client,
  CreateDeployment,
  Deployment,
  Deployments,
  Description,
  Diff,
  Event,
  Group,
  HistoryEntry,
  IdCheck,
  Info,
  InstanceType,
  LogReplica,
  ModelVersion,
  NewToken,
  PredictRequest,
  PredictResult,
  RegisteredModel,
  Replica,
  Revision,
  UpdateDeployment
} from './types';

export class Api {
  constructor(private readonly transport: Transport) {}

  async list(signal?: AbortSignal): Promise<Deployment[]> {
    return (await this.#get<Deployments>('/deployments', signal)).deployments;
  }

  get(id: string, signal?: AbortSignal): Promise<Deployment> {
    return this.#get(path(id), signal);
  }

  create(request: CreateDeployment): Promise<Changed> {
    return this.#post('/deployments', request);
  }

  async update(id: string, request: UpdateDeployment): Promise<Changed> {
    return (await this.transport.request('PATCH', path(id), request)) as Changed;
  }

  stop(id: string, message = ''): Promise<Changed> {
    return this.#post(`${path(id)}/stop`, { message });
  }

  start(id: string, message = ''): Promise<Changed> {
    return this.#post(`${path(id)}/start`, { message });
  }

  async delete(id: string): Promise<Deployment> {
    return (await this.transport.request('DELETE', path(id))) as Deployment;
  }

  rollback(id: string, to: number, message = ''): Promise<Changed> {
    return this.#post(`${path(id)}/rollback`, { to, message });
  }

  async history(id: string, signal?: AbortSignal): Promise<HistoryEntry[]> {
    return (await this.#get<{ history: HistoryEntry[] }>(`${path(id)}/history`, signal)).history;
  }

  async revisions(id: string, signal?: AbortSignal): Promise<Revision[]> {
    return (await this.#get<{ revisions: Revision[] }>(`${path(id)}/revisions`, signal)).revisions;
  }

  /** Compare two revisions, or two entries of the history. */
  diff(id: string, from: number, to: number, of: Diff['of'], signal?: AbortSignal): Promise<Diff> {
    return this.#get(`${path(id)}/diff?from=${from}&to=${to}&of=${of}`, signal);
  }

  async events(id: string, signal?: AbortSignal): Promise<Event[]> {
    return (await this.#get<{ events: Event[] }>(`${path(id)}/events`, signal)).events;
  }

  async replicas(id: string, signal?: AbortSignal): Promise<Replica[]> {
    return (await this.#get<{ replicas: Replica[] }>(`${path(id)}/replicas`, signal)).replicas;
  }

  /** What the endpoint says of itself, of the revision that serves or of the one asked for; 503 when nothing serves. */
  describe(id: string, revision?: number, signal?: AbortSignal): Promise<Description> {
    return this.#get(
      `${path(id)}/description${revision === undefined ? '' : `?revision=${revision}`}`,
      signal
    );
  }

  /** The replicas whose lines are kept, those that exited too. */
  async logReplicas(id: string, signal?: AbortSignal): Promise<LogReplica[]> {
    return (await this.#get<{ replicas: LogReplica[] }>(`${path(id)}/logs/replicas`, signal)).replicas;
  }

  async clients(id: string, signal?: AbortSignal): Promise<Client[]> {
    return (await this.#get<{ clients: Client[] }>(`${path(id)}/clients`, signal)).clients;
  }

  addClient(id: string, name: string): Promise<NewToken> {
    return this.#post(`${path(id)}/clients`, { name });
  }

  rotateClient(id: string, name: string, overlap: number): Promise<NewToken> {
    return this.#post(`${path(id)}/clients/${encodeURIComponent(name)}/rotate`, { overlap });
  }

  async removeClient(id: string, name: string): Promise<void> {
    await this.transport.request('DELETE', `${path(id)}/clients/${encodeURIComponent(name)}`);
  }

  async predict(id: string, request: PredictRequest, signal?: AbortSignal): Promise<PredictResult> {
    return (await this.transport.request('POST', `${path(id)}/predict`, request, signal)) as PredictResult;
  }

  checkId(id: string, signal?: AbortSignal): Promise<IdCheck> {
    return this.#get(`/ids/${encodeURIComponent(id)}`, signal);
  }

  checkApiName(group: string, name: string, signal?: AbortSignal): Promise<ApiNameCheck> {
    return this.#get(`/groups/${encodeURIComponent(group)}/api-names/${encodeURIComponent(name)}`, signal);
  }

  async groups(signal?: AbortSignal): Promise<Group[]> {
    return (await this.#get<{ groups: Group[] }>('/groups', signal)).groups;
  }

  async instanceTypes(signal?: AbortSignal): Promise<InstanceType[]> {
    return (await this.#get<{ instance_types: InstanceType[] }>('/instance-types', signal)).instance_types;
  }

  async models(signal?: AbortSignal): Promise<RegisteredModel[]> {
    return (await this.#get<{ models: RegisteredModel[] }>('/models', signal)).models;
  }

  async versions(name: string, signal?: AbortSignal): Promise<ModelVersion[]> {
    const answer = await this.#get<{ versions: ModelVersion[] }>(
      `/models/${encodeURIComponent(name)}/versions`,
      signal
    );
    return answer.versions;
  }

  info(signal?: AbortSignal): Promise<Info> {
    return this.#get('/info', signal);
  }

  async #get<T>(url: string, signal?: AbortSignal): Promise<T> {
    return (await this.transport.request('GET', url, undefined, signal)) as T;
  }

  async #post<T>(url: string, body: unknown): Promise<T> {
    return (await this.transport.request('POST', url, body)) as T;
  }
}

function path(id: string): string {
  return `/deployments/${encodeURIComponent(id)}`;
}

/** Where an answer that was too large to show is downloaded. */
export function answerPath(id: string, token: string): string {
  return `${path(id)}/answers/${encodeURIComponent(token)}`;
}
