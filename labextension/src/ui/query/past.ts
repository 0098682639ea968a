/** The queries that were sent, newest first, within bounds; bodies that are too large are not kept. No React in here. */

export interface PastQuery {
  readonly at: string;
  readonly dialect: string;
  readonly io: 'single' | 'multi';
  readonly revision: number | null;
  /** Null when it was too large to keep. */
  readonly body: string | null;
  readonly status: number;
  readonly latency: number;
  readonly size: number;
  readonly answeredBy: number | null;
  /** The beginning of what came back. */
  readonly answer: string;
}

export const MOST = 50;
const BODY = 50_000;
const ALL = 1_000_000;
const ANSWER = 200;

/** Put a query before the others, and drop what is more than is kept. */
export function remember(past: readonly PastQuery[], query: PastQuery): PastQuery[] {
  const { body } = query;
  const kept: PastQuery = {
    ...query,
    body: body !== null && body.length <= BODY ? body : null,
    answer: query.answer.slice(0, ANSWER)
  };
  const all = [kept, ...past].slice(0, MOST);
  let size = 0;
  return all.filter(each => {
    size += (each.body?.length ?? 0) + each.answer.length + ANSWER;
    return size <= ALL;
  });
}

/** Read what was kept; what does not fit is left out. */
export function readPast(value: unknown): PastQuery[] {
  return Array.isArray(value) ? value.filter(isPast).slice(0, MOST) : [];
}

function isPast(value: unknown): value is PastQuery {
  const data = (typeof value === 'object' && value !== null ? value : {}) as Partial<Record<string, unknown>>;
  return (
    typeof data['at'] === 'string' &&
    typeof data['dialect'] === 'string' &&
    typeof data['status'] === 'number' &&
    typeof data['latency'] === 'number' &&
    typeof data['size'] === 'number' &&
    typeof data['answer'] === 'string' &&
    (data['io'] === 'single' || data['io'] === 'multi') &&
    (data['body'] === null || typeof data['body'] === 'string') &&
    (data['revision'] === null || typeof data['revision'] === 'number')
  );
}
