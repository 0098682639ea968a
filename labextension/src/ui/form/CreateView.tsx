/** The form that makes a deployment. */

import * as React from 'react';
import { useHost } from '../host';
import { Notice } from '../kit/Notice';

export default function CreateView({ model }: { model: string }): React.ReactElement {
  const { trans } = useHost();
  return <Notice title={trans.__('Create Deployment')}>{model}</Notice>;
}
