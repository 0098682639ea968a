/** The end of the form: the line that does the same, what will happen, and the button. */

import * as React from 'react';
import { useMount } from '../context';
import { useHost } from '../host';
import { LineCard } from '../line/LineButton';
import { Part, SwitchField } from './controls';
import { useForm } from './form';
import { makesRevision } from './request';
import type { Sending } from './sending';

export interface FormFootProps {
  code: string;
  sending: Sending;
  /** Why it cannot be sent. */
  because: string | undefined;
  /** An update that changes nothing. */
  nothing: boolean;
  /** Goes to what has to be chosen, which may be out of sight; undefined while there is nothing to choose. */
  onChoose: (() => void) | undefined;
}

export function FormFoot({ code, sending, because, nothing, onChoose }: FormFootProps): React.ReactElement {
  const { trans } = useHost();
  const { navigation } = useMount();
  const { deployment } = useForm();
  const label = deployment === null ? trans.__('Deploy') : trans.__('Update');
  return (
    <>
      <Part title={trans.__('The %deploy line that does the same')}>
        <LineCard code={code} />
      </Part>
      {deployment !== null && <Outcome nothing={nothing} />}
      {sending.busy && sending.told !== '' && (
        <pre className="mdl-Form-told" role="log" aria-label={trans.__('The kernel says')} tabIndex={0}>
          {sending.told}
        </pre>
      )}
      <div className="mdl-Form-foot">
        <button
          type="submit"
          className="mdl-Button mdl-mod-primary"
          aria-disabled={because !== undefined || sending.busy}
          title={because ?? trans.__('Ctrl+Enter')}
        >
          {sending.busy && <span className="mdl-Spinner" aria-hidden="true" />}
          {sending.busy ? trans.__('Sending…') : label}
        </button>
        <button
          type="button"
          className="mdl-Button"
          onClick={() =>
            void navigation.go(
              deployment === null
                ? { view: 'grid' }
                : { view: 'deployment', id: deployment.id, tab: 'overview' }
            )
          }
        >
          {trans.__('Cancel')}
        </button>
        {because !== undefined && <span className="mdl-Field-help">{because}</span>}
        {onChoose !== undefined && (
          <button type="button" className="mdl-LinkButton" onClick={onChoose}>
            {trans.__('Show')}
          </button>
        )}
      </div>
    </>
  );
}

/** What an update will do, said before it is sent. */
function Outcome({ nothing }: { nothing: boolean }): React.ReactElement {
  const { trans } = useHost();
  const { deployment, edit, values } = useForm();
  const stopped = deployment?.spec.stopped === true;
  const number = deployment?.status.revision ?? 0;
  const text = nothing
    ? trans.__('Nothing is changed yet.')
    : makesRevision(edit.base, edit.values)
      ? trans.__('This makes a new revision, %1; the one that serves goes on until it is ready.', number + 1)
      : trans.__('This changes in place: revision %1 stays.', number);
  return (
    <>
      {stopped && (
        <SwitchField
          path="start"
          label={trans.__('Start it')}
          help={values.start ? undefined : trans.__('It is stopped, and stays so.')}
        />
      )}
      <p className="mdl-Form-outcome" role="status">
        {text}
      </p>
    </>
  );
}
