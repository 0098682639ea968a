/** What is pushed: the engine's changes, and how the connection stands. */

import type { Deployment, ErrorBody, Event, LogLine } from './types';

/** Why there is no connection: `missing` is a Jupyter server without our extension, `kernel` a widget's that is gone. */
export type Obstacle = 'unreachable' | 'missing' | 'refused' | 'kernel';

export type Message =
  | { topic: 'connection'; open: boolean; obstacle?: Obstacle }
  | { topic: 'server'; version: string; actor: string; can_write: boolean }
  | { topic: 'engine'; connected: boolean; error?: ErrorBody; subscription?: string }
  | { topic: 'hello'; subscription?: string }
  | { topic: 'deployment'; id: string; deployment: Deployment | null }
  | { topic: 'deleted'; id: string }
  | { topic: 'event'; id: string; event: Event | null }
  | { topic: 'log'; id: string; lines: LogLine[]; subscription: string }
  | { topic: 'skipped'; id: string; count: number; subscription?: string }
  | { topic: 'error'; subscription: string; error: ErrorBody };
