/** The head of a deployment's view: the way back, its name and state, and what can be done. */

import * as React from 'react';
import type { Deployment } from '../../api/types';
import { useDeployments, useMount } from '../context';
import { useHost } from '../host';
import { BackIcon } from '../kit/icons';
import { Problem } from '../kit/Problem';
import { StateChip } from '../kit/StateChip';
import { useWide } from '../kit/width';
import { WideButton } from '../WideButton';
import { ActionButtons } from './ActionButtons';
import { useActions } from './actions';
import { DeleteDialog } from './DeleteDialog';

/** Narrower than this the actions are a menu. */
const ROOM = 560;

export function Head({ deployment, gone }: { deployment: Deployment; gone: boolean }): React.ReactElement {
  const { trans } = useHost();
  const { navigation } = useMount();
  const { refusals } = useDeployments();
  const [deleting, setDeleting] = React.useState(false);
  const head = React.useRef<HTMLElement>(null);
  const wide = useWide(head, ROOM);
  const actions = useActions(deployment, gone, () => setDeleting(true));
  const refusal = refusals.get(deployment.id);
  const { spec, status } = deployment;
  const showAll = (): void => void navigation.go({ view: 'grid' });
  return (
    <>
      <header ref={head} className="mdl-Head">
        <button
          type="button"
          className="mdl-IconButton"
          aria-label={trans.__('All deployments')}
          title={trans.__('All deployments')}
          onClick={showAll}
        >
          <BackIcon />
        </button>
        <h2 className="mdl-Head-name" title={spec.name}>
          <bdi>{spec.name}</bdi>
        </h2>
        {gone ? (
          <span className="mdl-Chip">{trans.__('Deleted')}</span>
        ) : (
          <>
            <StateChip state={status.state} />
            <ActionButtons actions={actions} wide={wide} />
            <WideButton />
          </>
        )}
      </header>
      {gone && (
        <div className="mdl-Head-note" role="status">
          <span>{trans.__('It was deleted. This is how it was when last seen.')}</span>
          <button type="button" className="mdl-Button" onClick={showAll}>
            {trans.__('Show all')}
          </button>
        </div>
      )}
      {refusal !== undefined && !gone && <Problem problem={refusal} alert />}
      {deleting && !gone && <DeleteDialog deployment={deployment} onClose={() => setDeleting(false)} />}
    </>
  );
}
