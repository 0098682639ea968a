/** Which deployments are shown, and in what order: pure functions over the records, and what of it is remembered. */

import type { Deployment, State } from '../../api/types';

export type Type = Deployment['spec']['type'];

export const STATES = ['deployed', 'failed', 'deploying', 'stopping', 'stopped'] as const satisfies State[];
export const TYPES = ['real-time', 'batch', 'async'] as const satisfies Type[];
export const COLUMNS = [
  'name',
  'state',
  'health',
  'group',
  'type',
  'model',
  'replicas',
  'instance',
  'updated'
] as const;
export type Column = (typeof COLUMNS)[number];
export type View = 'cards' | 'table';

export interface Filters {
  readonly search: string;
  readonly groups: readonly string[];
  readonly mine: boolean;
  readonly types: readonly Type[];
  readonly states: readonly State[];
  readonly sort: Column;
  /** Against the order in which a column is at first: newest, A to Z, worst. */
  readonly reversed: boolean;
  /** Null until somebody chooses: then as the settings have it. */
  readonly view: View | null;
}

export const EVERYTHING: Filters = {
  search: '',
  groups: [],
  mine: false,
  types: [],
  states: [],
  sort: 'updated',
  reversed: false,
  view: null
};

/** The same order and view, with nothing hidden. */
export function unfiltered({ sort, reversed, view }: Filters): Filters {
  return { ...EVERYTHING, sort, reversed, view };
}

export function filtered(filters: Filters): boolean {
  const { search, groups, mine, types, states } = filters;
  return search.trim() !== '' || mine || groups.length + types.length + states.length > 0;
}

/** Read what was kept, by whatever version; what does not fit is as at first. */
export function readFilters(kept: unknown): Filters {
  const data = (typeof kept === 'object' && kept !== null ? kept : {}) as Record<string, unknown>;
  return {
    search: typeof data['search'] === 'string' ? data['search'] : '',
    groups: list(data['groups']),
    mine: data['mine'] === true,
    types: TYPES.filter(each => list(data['types']).includes(each)),
    states: STATES.filter(each => list(data['states']).includes(each)),
    sort: COLUMNS.find(each => each === data['sort']) ?? 'updated',
    reversed: data['reversed'] === true,
    view: data['view'] === 'table' || data['view'] === 'cards' ? data['view'] : null
  };
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
}

/** What a deployment of an older engine, which says none, is. */
export function typeOf({ spec }: { spec: { type?: Type } }): Type {
  return spec.type ?? 'real-time';
}

export function modelOf({ spec }: Deployment): string {
  const { image, model } = spec.template;
  return model.requested || model.uri || image;
}

const PATH = /^(?:file:\/\/)?\/(?:[^/]+\/)+([^/]+\/?)$/;

/** For a narrow place: of a path only its end, which tells models apart. */
export function shortModelOf(deployment: Deployment): string {
  return modelOf(deployment).replace(PATH, '…/$1');
}

/** Lower case is made once for each record: with thousands of them that is what a search would cost. */
const names = new WeakMap<Deployment, string>();

function searched(deployment: Deployment): string {
  let text = names.get(deployment);
  if (text === undefined) {
    text = `${deployment.id}\n${deployment.spec.name.toLowerCase()}`;
    names.set(deployment, text);
  }
  return text;
}

/** Those that the filters let through, in the order in which they came. */
export function matching(all: readonly Deployment[], filters: Filters, actor: string): readonly Deployment[] {
  if (!filtered(filters)) {
    return all;
  }
  const wanted = filters.search.trim().toLowerCase();
  const { groups, mine, types, states } = filters;
  return all.filter(
    each =>
      (wanted === '' || searched(each).includes(wanted)) &&
      (groups.length === 0 || groups.includes(each.spec.group)) &&
      (!mine || each.created_by === actor || each.updated_by === actor) &&
      (types.length === 0 || types.includes(typeOf(each))) &&
      (states.length === 0 || states.includes(each.status.state))
  );
}

const TROUBLE_FIRST: Readonly<Record<State, number>> = {
  failed: 0,
  deploying: 1,
  stopping: 2,
  deployed: 3,
  stopped: 4
};
const HEALTH: Readonly<Record<Deployment['status']['health'], number>> = {
  unhealthy: 0,
  unknown: 1,
  healthy: 2
};

type Compare = (a: Deployment, b: Deployment) => number;

function compareBy(sort: Exclude<Column, 'updated'>, collator: Intl.Collator): Compare {
  const byText = (read: (each: Deployment) => string): Compare => {
    return (a, b) => collator.compare(read(a), read(b));
  };
  switch (sort) {
    case 'name':
      return byText(each => each.spec.name);
    case 'group':
      return byText(each => each.spec.group);
    case 'type':
      return byText(typeOf);
    case 'model':
      return byText(modelOf);
    case 'instance':
      return byText(each => each.spec.template.instance_type);
    case 'state':
      return (a, b) => TROUBLE_FIRST[a.status.state] - TROUBLE_FIRST[b.status.state];
    case 'health':
      return (a, b) => HEALTH[a.status.health] - HEALTH[b.status.health];
    case 'replicas':
      return (a, b) => b.status.replicas.ready - a.status.replicas.ready;
  }
}

/** Put in order; what is equal stays newest first, as the store has it. */
export function ordered(
  list: readonly Deployment[],
  { sort, reversed }: Pick<Filters, 'sort' | 'reversed'>,
  locale: string
): readonly Deployment[] {
  if (sort === 'updated') {
    return reversed ? [...list].reverse() : list;
  }
  const compare = compareBy(sort, new Intl.Collator(locale, { numeric: true, sensitivity: 'base' }));
  return [...list].sort(reversed ? (a, b) => compare(b, a) : compare);
}

/** How many deployments each group has, the groups by name. */
export function groupsOf(all: readonly Deployment[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { spec } of all) {
    counts.set(spec.group, (counts.get(spec.group) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => a.localeCompare(b));
}

/** With the value where it was not, without it where it was. */
export function toggled<T>(values: readonly T[], value: T): T[] {
  return values.includes(value) ? values.filter(each => each !== value) : [...values, value];
}
