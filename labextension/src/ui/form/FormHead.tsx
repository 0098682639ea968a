/** The head of the form: the way back, what it is, and that it was taken up again. */

import * as React from 'react';
import { useMount } from '../context';
import { useHost } from '../host';
import { BackIcon } from '../kit/icons';
import { WideButton } from '../WideButton';
import { useForm } from './form';

export interface FormHeadProps {
  edited: boolean;
  restored: boolean;
  onDiscard: () => void;
}

export function FormHead({ edited, restored, onDiscard }: FormHeadProps): React.ReactElement {
  const { trans } = useHost();
  const { navigation } = useMount();
  const { deployment } = useForm();
  const name = deployment?.spec.name ?? '';
  const title = deployment === null ? trans.__('Create Deployment') : trans.__('Update %1', name);
  const back = deployment === null ? trans.__('All deployments') : trans.__('Back to the details');
  return (
    <>
      <header className="mdl-Head">
        <button
          type="button"
          className="mdl-IconButton"
          aria-label={back}
          title={back}
          onClick={() =>
            void navigation.go(
              deployment === null
                ? { view: 'grid' }
                : { view: 'deployment', id: deployment.id, tab: 'overview' }
            )
          }
        >
          <BackIcon />
        </button>
        <h2 className="mdl-Head-name" title={title}>
          <bdi>{title}</bdi>
        </h2>
        {!edited && <WideButton />}
      </header>
      {restored && edited && (
        <div className="mdl-Head-note" role="status">
          <span>{trans.__('This is what you typed before the page was left.')}</span>
          <button type="button" className="mdl-Button" onClick={onDiscard}>
            {trans.__('Discard')}
          </button>
        </div>
      )}
    </>
  );
}
