/** The form that makes a deployment. */

import * as React from 'react';
import { DeploymentForm } from './DeploymentForm';
import { begun } from './edit';
import { EMPTY, modelValues } from './values';

export default function CreateView({ model }: { model: string }): React.ReactElement {
  const fresh = React.useMemo(() => begun(EMPTY, 0, { ...EMPTY, ...modelValues(model) }), [model]);
  return (
    <DeploymentForm key={model} deployment={null} fresh={{ ...fresh, base: fresh.values }} model={model} />
  );
}
