/** The tab Overview. */

import * as React from 'react';
import type { Deployment } from '../../api/types';
import { useHost } from '../host';
import { Notice } from '../kit/Notice';

export default function Overview({ deployment }: { deployment: Deployment }): React.ReactElement {
  const { trans } = useHost();
  return <Notice title={trans.__('Overview')}>{deployment.id}</Notice>;
}
