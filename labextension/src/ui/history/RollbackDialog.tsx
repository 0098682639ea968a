/** Roll back: which revision is repeated, what changes, and why. */

import * as React from 'react';
import type { Deployment, ErrorBody } from '../../api/types';
import { useFrozen, useMount } from '../context';
import { useHost } from '../host';
import { Dialog } from '../kit/Dialog';
import { Field } from '../kit/Field';
import { Problem } from '../kit/Problem';
import { LineButton } from '../line/LineButton';
import { rollback } from '../line/commands';
import { errorBody } from '../store';
import { DiffPanel } from './DiffPanel';

export interface RollbackDialogProps {
  deployment: Deployment;
  to: number;
  onClose: () => void;
}

export function RollbackDialog({ deployment, to, onClose }: RollbackDialogProps): React.ReactElement {
  const { trans, follow } = useHost();
  const { store } = useMount();
  const frozen = useFrozen();
  const { id, spec, status } = deployment;
  const [message, setMessage] = React.useState('');
  const [busy, setBusy] = React.useState(false);
  const [problem, setProblem] = React.useState<ErrorBody | null>(null);
  const because = frozen ?? (busy ? trans.__('It is being rolled back') : undefined);
  const run = (): void => {
    if (because !== undefined) {
      return;
    }
    setBusy(true);
    setProblem(null);
    store.api.rollback(id, to, message).then(
      changed => {
        store.put(changed.deployment);
        follow(id, spec.name, 'rollback');
        onClose();
      },
      (error: unknown) => {
        setBusy(false);
        setProblem(errorBody(error));
      }
    );
  };
  return (
    <Dialog title={trans.__('Roll back %1 to revision %2', spec.name, to)} onClose={onClose}>
      <form
        className="mdl-Dialog-body"
        onSubmit={event => {
          event.preventDefault();
          run();
        }}
      >
        <p className="mdl-History-note">
          {trans.__(
            'A new revision %1 repeats revision %2 and gets all the traffic. Revision %3 stays in the history.',
            status.revision + 1,
            to,
            status.revision
          )}
          {spec.stopped && ` ${trans.__('The deployment is stopped and stays so.')}`}
        </p>
        <DiffPanel id={id} of="revisions" before={status.revision} after={to} />
        <Field label={trans.__('Update Message')}>
          {control => (
            <input
              {...control}
              className="mdl-Input"
              value={message}
              placeholder={trans.__('roll back to revision %1', to)}
              onChange={event => setMessage(event.target.value)}
            />
          )}
        </Field>
        {problem !== null && <Problem alert problem={problem} />}
        <div className="mdl-Dialog-foot">
          <LineButton
            command={rollback(id, to, message)}
            action={trans.__('Roll back %1 to revision %2', spec.name, to)}
          />
          <button type="button" className="mdl-Button" onClick={onClose}>
            {trans.__('Cancel')}
          </button>
          <button
            type="submit"
            className="mdl-Button mdl-mod-primary"
            aria-disabled={because !== undefined}
            title={because}
          >
            {trans.__('Roll back')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
