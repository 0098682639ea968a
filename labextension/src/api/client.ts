/** The REST interface as typed functions. */

import type { Transport } from './transport';
import type { Changed, Deployment, Deployments, Info } from './types';

export class Api {
  constructor(private readonly transport: Transport) {}

  async list(signal?: AbortSignal): Promise<Deployment[]> {
    return ((await this.transport.request('GET', '/deployments', undefined, signal)) as Deployments)
      .deployments;
  }

  async get(id: string, signal?: AbortSignal): Promise<Deployment> {
    return (await this.transport.request('GET', path(id), undefined, signal)) as Deployment;
  }

  async stop(id: string): Promise<Changed> {
    return (await this.transport.request('POST', `${path(id)}/stop`, {})) as Changed;
  }

  async start(id: string): Promise<Changed> {
    return (await this.transport.request('POST', `${path(id)}/start`, {})) as Changed;
  }

  async info(signal?: AbortSignal): Promise<Info> {
    return (await this.transport.request('GET', '/info', undefined, signal)) as Info;
  }
}

function path(id: string): string {
  return `/deployments/${encodeURIComponent(id)}`;
}
