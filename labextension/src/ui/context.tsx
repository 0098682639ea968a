/** What every view of one mount shares: the deployments, where one is, and what may be done. */

import * as React from 'react';
import { useHost } from './host';
import type { Navigation } from './navigation';
import type { DeploymentStore, Snapshot } from './store';

export interface Mount {
  readonly store: DeploymentStore;
  readonly navigation: Navigation;
  /** `panel`, `main`, a cell's: begins the keys of what is remembered. */
  readonly place: string;
}

const Context = React.createContext<Mount | null>(null);

export const StoreProvider = Context.Provider;

export function useMount(): Mount {
  const mount = React.useContext(Context);
  if (mount === null) {
    throw new Error('a view needs an App around it');
  }
  return mount;
}

export function useDeployments(): Snapshot {
  const { store } = useMount();
  return React.useSyncExternalStore(store.subscribe, store.snapshot);
}

/** Why nothing can be changed now, in a sentence for disabled buttons; undefined when it can. */
export function useFrozen(): string | undefined {
  const { trans } = useHost();
  const state = useDeployments();
  if (state.server?.canWrite === false) {
    return trans.__('You may look at deployments here but not change them');
  }
  return state.freshness === 'old' ? trans.__('No connection: this may have changed') : undefined;
}
