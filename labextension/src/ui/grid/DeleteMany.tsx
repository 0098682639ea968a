/** Deleting several at once: what is lost, which they are, and a number to type, so that nobody does it by habit. */

import * as React from 'react';
import type { Deployment } from '../../api/types';
import { useHost } from '../host';
import { Dialog } from '../kit/Dialog';
import { Field } from '../kit/Field';

export interface DeleteManyProps {
  deployments: readonly Deployment[];
  onConfirm: () => void;
  onClose: () => void;
  children: React.ReactNode;
}

export function DeleteMany({
  deployments,
  onConfirm,
  onClose,
  children
}: DeleteManyProps): React.ReactElement {
  const { trans } = useHost();
  const [typed, setTyped] = React.useState('');
  const count = deployments.length;
  const phrase = trans._n('delete %1 deployment', 'delete %1 deployments', count);
  const written = typed.trim().toLowerCase();
  const right = written === String(count) || written === phrase.toLowerCase();
  return (
    <Dialog title={trans._n('Delete %1 deployment?', 'Delete %1 deployments?', count)} onClose={onClose}>
      <form
        className="mdl-Dialog-body"
        onSubmit={event => {
          event.preventDefault();
          if (right) {
            onConfirm();
          }
        }}
      >
        <p>
          {trans.__(
            'Their URLs, histories, logs and clients are lost. The registered models stay. This cannot be undone.'
          )}
        </p>
        {children}
        <Field label={trans.__('Type %1 or “%2” to confirm', count, phrase)}>
          {control => (
            <input
              {...control}
              className="mdl-Input"
              value={typed}
              autoComplete="off"
              spellCheck={false}
              onChange={event => setTyped(event.target.value)}
            />
          )}
        </Field>
        <div className="mdl-Dialog-foot">
          <button type="button" className="mdl-Button" onClick={onClose}>
            {trans.__('Cancel')}
          </button>
          <button
            type="submit"
            className="mdl-Button mdl-mod-danger"
            aria-disabled={!right}
            title={right ? undefined : trans.__('Type the number first')}
          >
            {trans.__('Delete')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
