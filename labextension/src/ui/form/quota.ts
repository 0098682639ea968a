/** What a deployment would take of its group's quota: as `service/quota.py` counts it. No React in here. */

import type { Group, InstanceType } from '../../api/types';

export const RESOURCES = ['cpu', 'memory', 'gpu', 'deployments'] as const;
export type Resource = (typeof RESOURCES)[number];
export type Amounts = Record<Resource, number>;

export interface Size {
  instance_type: string;
  /** Of a range the most. */
  replicas: number;
  stopped: boolean;
}

export interface Room {
  resource: Resource;
  /** Undefined: no limit. */
  limit: number | undefined;
  /** By the group's other deployments. */
  used: number;
  free: number | undefined;
  wanted: number;
  /** Free, after this. */
  left: number | undefined;
  over: boolean;
}

const NOTHING: Amounts = { cpu: 0, memory: 0, gpu: 0, deployments: 0 };

/** What runs takes room, each replica of it. */
export function needs(size: Size, types: readonly InstanceType[]): Amounts {
  if (size.stopped) {
    return NOTHING;
  }
  const type = types.find(each => each.name === size.instance_type);
  const count = Number.isFinite(size.replicas) ? size.replicas : 0;
  return {
    cpu: exact((type?.cpu ?? 0) * count),
    memory: (type?.memory ?? 0) * count,
    gpu: (type?.gpu ?? 0) * count,
    deployments: 1
  };
}

/** Each resource that is limited or wanted; `own` is what this deployment takes already, `before` it changes. */
export function rooms(group: Group, wanted: Amounts, own: Amounts = NOTHING): Room[] {
  return RESOURCES.map(resource => {
    const limit = group.quota[resource] ?? undefined;
    const used = exact(Math.max(0, group.used[resource] - own[resource]));
    const want = wanted[resource];
    const free = limit === undefined ? undefined : exact(Math.max(0, limit - used));
    return {
      resource,
      limit,
      used,
      free,
      wanted: want,
      left: free === undefined ? undefined : exact(Math.max(0, free - want)),
      over: limit !== undefined && want > own[resource] && exact(used + want) > limit
    };
  }).filter(({ limit, wanted: want }) => limit !== undefined || want > 0);
}

/** Three times 0.1 is 0.3. */
function exact(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
