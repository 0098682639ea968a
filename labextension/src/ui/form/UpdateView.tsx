/** The form that changes a deployment. */

import * as React from 'react';
import { useDeployments, useMount } from '../context';
import { useHost } from '../host';
import { Notice } from '../kit/Notice';
import { DeploymentForm } from './DeploymentForm';
import { begun } from './edit';
import { modelValues, valuesOf } from './values';

export default function UpdateView({ id, model }: { id: string; model: string }): React.ReactElement {
  const { trans } = useHost();
  const { navigation } = useMount();
  const state = useDeployments();
  const now = state.byId.get(id);
  const kept = React.useRef(now);
  kept.current = now ?? kept.current;
  const deployment = kept.current;
  if (deployment === undefined) {
    return state.loaded ? (
      <Notice
        title={trans.__('There is no deployment %1', id)}
        action={{ label: trans.__('Show all'), onClick: () => void navigation.go({ view: 'grid' }) }}
      >
        {trans.__('It was deleted, or the link is of another home.')}
      </Notice>
    ) : (
      <Notice busy title={trans.__('Loading deployments…')} />
    );
  }
  const base = valuesOf(deployment);
  const { door, registered, variable, path } = { ...base, ...modelValues(model) };
  const fresh = begun(base, deployment.resource_version, { ...base, door, registered, variable, path });
  return <DeploymentForm key={model} deployment={deployment} fresh={fresh} model={model} />;
}
