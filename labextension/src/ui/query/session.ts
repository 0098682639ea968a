/** The query tester of one deployment: what is typed, what runs, what came back. It outlives the tab. No React in here. */

import type { Api } from '../../api/client';
import type { Description, ErrorBody, PredictRequest, PredictResult } from '../../api/types';
import type { Memory } from '../host';
import type { Kernel, KernelAnswer } from '../kernel';
import { errorBody } from '../store';
import { carry, firstDraft, readDraft, type Draft, type Moved } from './draft';
import { readPast, remember, type PastQuery } from './past';
import type { KernelSource } from './snippets';

/** What was sent. */
export interface Sent {
  readonly dialect: string;
  readonly io: 'single' | 'multi';
  readonly revision: number | null;
  readonly body: string;
  /** A file's bytes in base64, for dialects that are no text. */
  readonly base64?: string;
  readonly contentType: string;
  readonly source: KernelSource | null;
  readonly model: string;
  readonly method: string;
}

export interface Answered {
  readonly sent: Sent;
  readonly result: PredictResult | null;
  /** Why there is no answer at all. */
  readonly error: ErrorBody | null;
  readonly kernel: KernelAnswer | null;
  readonly kernelError: string;
}

export interface SessionState {
  readonly draft: Draft | null;
  readonly moved: Moved | null;
  readonly running: boolean;
  readonly answered: Answered | null;
  readonly past: readonly PastQuery[];
}

/** Characters of a draft that is kept over a reload; a larger one lives as long as the page. */
const KEPT = 200_000;
const LONGEST = 600;

export class QuerySession {
  #state: SessionState;
  #listeners = new Set<() => void>();
  #running: AbortController | null = null;

  constructor(
    private readonly id: string,
    private readonly api: Api,
    private readonly memory: Memory,
    private readonly keys: { draft: string; past: string }
  ) {
    this.#state = {
      draft: readDraft(memory.get(keys.draft)),
      moved: null,
      running: false,
      answered: null,
      past: readPast(memory.get(keys.past))
    };
  }

  /** For `useSyncExternalStore`. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** For `useSyncExternalStore`. */
  readonly state = (): SessionState => this.#state;

  /** Take what the endpoint says of itself: a first draft, or the present one for another signature. */
  describe(description: Description): void {
    const { draft } = this.#state;
    if (draft === null) {
      this.edit(firstDraft(description));
      return;
    }
    const carried = carry(draft, description);
    if (carried !== null) {
      this.#keep(carried.draft);
      this.#set({ draft: carried.draft, moved: carried.moved });
    }
  }

  readonly edit = (change: Partial<Draft>): void => {
    const { draft } = this.#state;
    const next = { ...draft, ...change } as Draft;
    this.#keep(next);
    this.#set({ draft: next });
  };

  readonly forgetMoved = (): void => this.#set({ moved: null });

  readonly forgetPast = (): void => {
    this.memory.set(this.keys.past, []);
    this.#set({ past: [] });
  };

  readonly cancel = (): void => {
    this.#running?.abort();
    this.#running = null;
    this.#set({ running: false });
  };

  /** Ask the endpoint, and the kernel's own model beside it where the rows are the kernel's. */
  readonly send = async (sent: Sent, timeout: number, kernel: Kernel | null): Promise<void> => {
    this.cancel();
    const running = (this.#running = new AbortController());
    this.#set({ running: true });
    const beside = ask(kernel, sent);
    let result: PredictResult | null = null;
    let error: ErrorBody | null = null;
    try {
      result = await this.api.predict(this.id, request(sent, timeout), running.signal);
    } catch (thrown) {
      error = errorBody(thrown);
    }
    if (running.signal.aborted) {
      return;
    }
    this.#running = null;
    const answered = { sent, result, error, kernel: null, kernelError: '' };
    this.#set({ running: false, answered });
    if (result !== null) {
      this.#remember(sent, result);
    }
    const told = await beside;
    if (told !== null && this.#state.answered === answered) {
      this.#set({ answered: { ...answered, ...told } });
    }
  };

  #remember(sent: Sent, result: PredictResult): void {
    const past = remember(this.#state.past, {
      at: new Date().toISOString(),
      dialect: sent.dialect,
      io: sent.io,
      revision: sent.revision,
      body: sent.base64 === undefined ? sent.body : null,
      status: result.status,
      latency: result.latency_ms,
      size: result.size,
      answeredBy: result.revision,
      answer: result.text
    });
    this.memory.set(this.keys.past, past);
    this.#set({ past });
  }

  #keep(draft: Draft): void {
    this.memory.set(this.keys.draft, JSON.stringify(draft).length <= KEPT ? draft : null);
  }

  #set(change: Partial<SessionState>): void {
    this.#state = { ...this.#state, ...change };
    this.#listeners.forEach(listener => listener());
  }
}

function request(sent: Sent, timeout: number): PredictRequest {
  const body = sent.base64 === undefined ? { body: sent.body } : { body_base64: sent.base64 };
  return {
    dialect: sent.dialect,
    content_type: sent.contentType,
    revision: sent.revision,
    timeout: Math.min(LONGEST, timeout),
    raw: true,
    ...body
  };
}

async function ask(
  kernel: Kernel | null,
  { source, model, method }: Sent
): Promise<Pick<Answered, 'kernel' | 'kernelError'> | null> {
  if (kernel === null || source === null || model === '') {
    return null;
  }
  try {
    const answer = await kernel.answer(
      model,
      source.frame,
      source.start,
      source.count,
      method,
      source.columns
    );
    return { kernel: answer, kernelError: '' };
  } catch (error) {
    return { kernel: null, kernelError: error instanceof Error ? error.message : String(error) };
  }
}

const SESSIONS = new WeakMap<Api, Map<string, QuerySession>>();

/** Return the one session of a deployment in a mount. */
export function sessionOf(api: Api, memory: Memory, place: string, id: string, uid: string): QuerySession {
  const sessions = SESSIONS.get(api) ?? new Map<string, QuerySession>();
  SESSIONS.set(api, sessions);
  const key = `${place}/query/${uid}`;
  const known =
    sessions.get(key) ?? new QuerySession(id, api, memory, { draft: key, past: `queries/${uid}` });
  sessions.set(key, known);
  return known;
}
