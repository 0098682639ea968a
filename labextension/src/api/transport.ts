/** The one seam between the interface and whatever carries its requests. */

import type { Message } from './messages';
import type { ErrorBody } from './types';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export type Listener = (message: Message) => void;

export interface Transport {
  /** Send a request of the REST interface, without its prefix; answers JSON, or rejects with an `ApiError`. */
  request(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<unknown>;

  /**
   * Follow `deployments` or `log/<id>`. The listener also hears how the connection stands. Returns how to stop.
   */
  subscribe(topic: string, listener: Listener): () => void;
}

/** A failure that the user can act on: the one error body of every surface. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly body: ErrorBody
  ) {
    super(body.message);
    this.name = 'ApiError';
  }

  get hint(): string {
    return this.body.hint;
  }

  get code(): string {
    return this.body.code;
  }
}

/** Make an `ApiError` of whatever came back instead of an answer. */
export function toApiError(status: number, value: unknown, fallback: string): ApiError {
  const body = (typeof value === 'object' && value !== null ? value : {}) as Partial<ErrorBody>;
  return new ApiError(status, {
    message: body.message ?? fallback,
    reason: body.reason ?? 'MDeployError',
    code: body.code ?? 'error',
    hint: body.hint ?? '',
    details: body.details ?? {}
  });
}
