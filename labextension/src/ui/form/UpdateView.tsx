/** The form that changes a deployment. */

import * as React from 'react';
import { useHost } from '../host';
import { Notice } from '../kit/Notice';

export default function UpdateView({ id, model }: { id: string; model: string }): React.ReactElement {
  const { trans } = useHost();
  return <Notice title={trans.__('Update %1', id)}>{model}</Notice>;
}
