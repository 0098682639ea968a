/** What a tab is called: the deployment that it shows, or what one does there. */

import type { TranslationBundle } from '@jupyterlab/translation';
import type { Route } from '../ui/navigation';
import { shortened } from '../ui/shorten';
import type { Snapshot } from '../ui/store';

const LONGEST = 60;

export function titleOf(route: Route, { byId }: Snapshot, trans: TranslationBundle): string {
  switch (route.view) {
    case 'grid':
      return trans.__('Deployments');
    case 'create':
      return trans.__('Create Deployment');
    case 'update':
      return trans.__('Update %1', nameOf(route.id, byId));
    case 'deployment':
      return nameOf(route.id, byId);
  }
}

/** A name of 10 000 characters would push all other tabs away. */
function nameOf(id: string, byId: Snapshot['byId']): string {
  const name = byId.get(id)?.spec.name ?? id;
  return shortened(name, LONGEST);
}
