/** The tab History. */

import * as React from 'react';
import type { Deployment } from '../../api/types';
import { HistoryView } from './HistoryView';

export default function HistoryTab({ deployment }: { deployment: Deployment }): React.ReactElement {
  return (
    <div className="mdl-Scroll">
      <HistoryView deployment={deployment} />
    </div>
  );
}
