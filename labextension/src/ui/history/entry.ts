/** One entry of the history as fields with PrimeHub's names. No React in here. */

import type { HistoryEntry } from '../../api/types';
import type { Translator } from '../host';

export function actionWord(action: HistoryEntry['action'], trans: Translator): string {
  switch (action) {
    case 'create':
      return trans.__('Create');
    case 'update':
      return trans.__('Update');
    case 'rollback':
      return trans.__('Roll back');
    case 'traffic':
      return trans.__('Traffic');
    case 'stop':
      return trans.__('Stop');
    case 'start':
      return trans.__('Start');
    case 'delete':
      return trans.__('Delete');
  }
}

/** The model as it was asked for, or the image where that is what runs. */
export function modelOf({ spec }: HistoryEntry): string {
  const { model, image } = spec.template;
  return image !== '' ? image : model.uri;
}

export function replicasOf({ spec }: HistoryEntry): string {
  const { replicas, max_replicas: most } = spec;
  return most === null || most === replicas ? String(replicas) : `${replicas}–${most}`;
}

/** The revision, and whether this change made it. */
export function revisionOf({ revision, new_revision: made }: HistoryEntry, trans: Translator): string {
  return made ? trans.__('%1, new', revision) : trans.__('%1, same', revision);
}

export function pairs(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
}
