/** The tab Logs. */

import * as React from 'react';
import type { Deployment } from '../../api/types';
import { LogsView } from './LogsView';

export default function LogsTab({ deployment }: { deployment: Deployment }): React.ReactElement {
  return <LogsView deployment={deployment} />;
}
