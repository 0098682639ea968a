/** The head of a deployment's view: the way back, its name and state, and what can be done. */

import * as React from 'react';
import type { Deployment } from '../../api/types';
import { useMount } from '../context';
import { useHost } from '../host';
import { BackIcon } from '../kit/icons';
import { StateChip } from '../kit/StateChip';

export function Head({ deployment, gone }: { deployment: Deployment; gone: boolean }): React.ReactElement {
  const { trans } = useHost();
  const { navigation } = useMount();
  const { spec, status } = deployment;
  return (
    <header className="mdl-Head">
      <button
        type="button"
        className="mdl-IconButton"
        aria-label={trans.__('All deployments')}
        title={trans.__('All deployments')}
        onClick={() => void navigation.go({ view: 'grid' })}
      >
        <BackIcon />
      </button>
      <h2 className="mdl-Head-name" title={spec.name}>
        {spec.name}
      </h2>
      <StateChip state={status.state} />
      {gone && <span className="mdl-Said">{trans.__('Deleted')}</span>}
    </header>
  );
}
