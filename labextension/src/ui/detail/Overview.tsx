/** The tab Overview: how it is, how it started, how to call it, and everything that is known of it. */

import * as React from 'react';
import type { Deployment } from '../../api/types';
import { Example } from './Example';
import { Information } from './Information';
import { Parity } from './Parity';
import { Replicas } from './Replicas';
import { Status } from './Status';
import { Timeline } from './Timeline';
import { Traffic } from './Traffic';
import { Environment, Metadata } from './Variables';

export default function Overview({ deployment }: { deployment: Deployment }): React.ReactElement {
  return (
    <div className="mdl-Overview">
      <div className="mdl-Overview-columns">
        <div>
          <Status deployment={deployment} />
          <Timeline status={deployment.status} />
          <Example deployment={deployment} />
          <Replicas deployment={deployment} />
        </div>
        <div>
          <Information deployment={deployment} />
          <Metadata deployment={deployment} />
          <Environment deployment={deployment} />
          <Traffic deployment={deployment} />
          <Parity receipt={deployment.status.receipt} />
        </div>
      </div>
    </div>
  );
}
