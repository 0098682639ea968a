/** One mount of the whole interface: the grid, a deployment, or a form, with what holds for all of them above. */

import * as React from 'react';
import { Banner } from './Banner';
import { StoreProvider } from './context';
import { Grid } from './grid/Grid';
import { useHost } from './host';
import { Failsafe } from './kit/Failsafe';
import { Notice } from './kit/Notice';
import type { Navigation, Route } from './navigation';
import type { DeploymentStore } from './store';

// What is not needed for the first picture comes when it is.
const CreateView = React.lazy(() => import('./form/CreateView'));
const UpdateView = React.lazy(() => import('./form/UpdateView'));
const DeploymentView = React.lazy(() => import('./detail/DeploymentView'));

export interface AppProps {
  store: DeploymentStore;
  navigation: Navigation;
  /** Begins the keys of what is remembered, so that side panel and main area do not share filters. */
  place: string;
}

export function App({ store, navigation, place }: AppProps): React.ReactElement {
  const { trans, memory } = useHost();
  const route = React.useSyncExternalStore(navigation.subscribe, navigation.route);
  const state = React.useSyncExternalStore(store.subscribe, store.snapshot);
  React.useEffect(() => memory.set(`${place}/route`, route), [memory, place, route]);
  return (
    <StoreProvider value={{ store, navigation, place }}>
      <section className="mdl-App" aria-label={trans.__('Deployments')}>
        <Banner state={state} onRetry={() => void store.reload()} />
        <Failsafe key={keyOf(route)}>
          <React.Suspense fallback={<Notice busy title={trans.__('Loading…')} />}>
            <View route={route} />
          </React.Suspense>
        </Failsafe>
      </section>
    </StoreProvider>
  );
}

function View({ route }: { route: Route }): React.ReactElement {
  switch (route.view) {
    case 'grid':
      return <Grid />;
    case 'create':
      return <CreateView model={route.model ?? ''} />;
    case 'update':
      return <UpdateView key={route.id} id={route.id} model={route.model ?? ''} />;
    case 'deployment':
      return <DeploymentView key={route.id} id={route.id} tab={route.tab} />;
  }
}

function keyOf(route: Route): string {
  return route.view === 'grid' || route.view === 'create' ? route.view : `${route.view} ${route.id}`;
}
