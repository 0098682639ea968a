/** One form being filled: what it began with, what stands in it, and what others changed meanwhile. No React in here. */

import { assigned, flat, merge, type Conflict, type FieldEdit } from './merge';
import { readValues, same, type FormValues } from './values';

/** Somebody's change of the deployment while it is edited here. */
export interface News {
  actor: string;
  at: string;
  taken: FieldEdit[];
}

export interface Edit {
  /** What the deployment has, as far as this form knows; for a new one what the form began with. */
  base: FormValues;
  /** `resource_version` of the base. */
  version: number;
  values: FormValues;
  /** What they have, for fields that both changed and nobody has chosen for. */
  conflicts: Conflict[];
  theirs: FormValues;
  news: News | null;
  /** Whether this was taken up again where it was left. */
  restored: boolean;
}

export function begun(base: FormValues, version: number, values = base): Edit {
  return { base, version, values, conflicts: [], theirs: base, news: null, restored: false };
}

export function isEdited({ base, values }: Edit): boolean {
  return !same(base, values);
}

/** What is kept of a form that was not sent; null when there is nothing to keep. */
export function kept(edit: Edit, model: string): unknown {
  return isEdited(edit) ? { base: edit.base, version: edit.version, values: edit.values, model } : null;
}

/** Take up what was kept, else begin anew; a model that is asked for now wins over the one of then. */
export function resumed(draft: unknown, fresh: Edit, model: string): Edit {
  if (typeof draft !== 'object' || draft === null) {
    return fresh;
  }
  const found = draft as Record<string, unknown>;
  const base = readValues(found['base'], fresh.base);
  const read = readValues(found['values'], fresh.values);
  const values = model === '' || found['model'] === model ? read : assigned(read, fresh.values, 'model');
  const version = typeof found['version'] === 'number' ? found['version'] : fresh.version;
  const edit = { ...begun(base, version, values), restored: true };
  return isEdited(edit) ? edit : fresh;
}

/** The deployment was changed: take over what was not edited here, and name what both edited. */
export function rebased(edit: Edit, theirs: FormValues, version: number, actor: string, at: string): Edit {
  const { values, taken, conflicts } = merge(edit.base, edit.values, theirs);
  const { message, start } = edit.values;
  const ours = flat(values);
  const now = flat(theirs);
  const open = edit.conflicts
    .filter(({ path }) => ours.get(path) !== now.get(path) && !conflicts.some(each => each.path === path))
    .map(({ path }) => ({ path, mine: ours.get(path), theirs: now.get(path) }));
  const news = isEdited(edit) ? { actor, at, taken: [...(edit.news?.taken ?? []), ...taken] } : null;
  return {
    ...edit,
    base: theirs,
    theirs,
    version,
    values: { ...values, message, start },
    conflicts: [...open, ...conflicts],
    news
  };
}

/** Somebody chose between mine and theirs. */
export function decided(edit: Edit, path: string, whose: 'mine' | 'theirs'): Edit {
  const values = whose === 'mine' ? edit.values : assigned(edit.values, edit.theirs, path);
  return { ...edit, values, conflicts: edit.conflicts.filter(each => each.path !== path) };
}
