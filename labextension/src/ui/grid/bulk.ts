/** The same verb for several deployments: a few at a time, and what became of each. */

import * as React from 'react';
import type { Deployment, ErrorBody } from '../../api/types';
import type { DeploymentStore, Verb } from '../store';

const AT_ONCE = 4;

export interface Refused {
  readonly deployment: Deployment;
  readonly error: ErrorBody;
}

export interface Work {
  readonly verb: Verb;
  readonly total: number;
  readonly done: number;
  readonly refused: readonly Refused[];
}

export interface Bulk {
  /** What is under way, or was last; null when it was dismissed. */
  readonly work: Work | null;
  readonly run: (verb: Verb, deployments: readonly Deployment[]) => Promise<void>;
  readonly dismiss: () => void;
}

export function useBulk(store: DeploymentStore): Bulk {
  const [work, setWork] = React.useState<Work | null>(null);
  const run = React.useCallback(
    async (verb: Verb, deployments: readonly Deployment[]) => {
      setWork({ verb, total: deployments.length, done: 0, refused: [] });
      const waiting = [...deployments];
      const worker = async (): Promise<void> => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
          const deployment = next;
          const error = await store.act(deployment.id, verb);
          setWork(
            old =>
              old && {
                ...old,
                done: old.done + 1,
                refused: error === null ? old.refused : [...old.refused, { deployment, error }]
              }
          );
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
    },
    [store]
  );
  const dismiss = React.useCallback(() => setWork(null), []);
  return { work, run, dismiss };
}
