/** The tab Query. */

import * as React from 'react';
import type { Deployment } from '../../api/types';
import { QueryView } from './QueryView';

export default function QueryTab({ deployment }: { deployment: Deployment }): React.ReactElement {
  return (
    <div className="mdl-Scroll">
      <QueryView deployment={deployment} />
    </div>
  );
}
