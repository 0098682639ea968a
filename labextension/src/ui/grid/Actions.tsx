/** Stop, Start and Try again of one deployment, each with the line that does the same. */

import * as React from 'react';
import type { Deployment } from '../../api/types';
import { useHost } from '../host';
import { StartIcon, StopIcon } from '../kit/icons';
import { TwoStepButton } from '../kit/TwoStepButton';
import { start, stop } from '../line/commands';
import { LineButton } from '../line/LineButton';
import type { Verb } from '../store';

export interface ActionsProps {
  deployment: Deployment;
  /** What is shown was true when the connection was last there. */
  old: boolean;
  pending?: Verb;
  /** Why nothing can be changed here; undefined when it can. */
  readOnly?: string;
  onAct: (id: string, verb: Verb) => void;
  /** Icons without words. */
  compact?: boolean;
}

export function Actions(props: ActionsProps): React.ReactElement {
  const { trans } = useHost();
  const { id, spec, status } = props.deployment;
  const because = useBecause(props);
  const waiting = status.state === 'stopping' ? trans.__('It is still stopping') : undefined;
  return (
    <span className="mdl-Actions">
      {(spec.stopped || status.state === 'failed') && (
        <span className="mdl-Action">
          <StartButton {...props} reason={because ?? waiting} />
          <LineButton
            command={start(id)}
            action={
              spec.stopped ? trans.__('Start %1', spec.name) : trans.__('Try again to start %1', spec.name)
            }
          />
        </span>
      )}
      {!spec.stopped && (
        <span className="mdl-Action">
          <TwoStepButton
            label={
              props.compact === true
                ? ''
                : props.pending === 'stop'
                  ? trans.__('Stopping…')
                  : trans.__('Stop')
            }
            question={trans.__('Stop it?')}
            ariaLabel={trans.__('Stop %1', spec.name)}
            ariaQuestion={trans.__('Really stop %1?', spec.name)}
            icon={<StopIcon />}
            disabledBecause={because}
            onConfirm={() => props.onAct(id, 'stop')}
          />
          <LineButton command={stop(id)} action={trans.__('Stop %1', spec.name)} />
        </span>
      )}
    </span>
  );
}

function useBecause({ readOnly, old, pending }: ActionsProps): string | undefined {
  const { trans } = useHost();
  return (
    readOnly ??
    (old
      ? trans.__('No connection: this may have changed')
      : pending !== undefined
        ? trans.__('In progress')
        : undefined)
  );
}

function StartButton({
  deployment,
  pending,
  reason,
  compact,
  onAct
}: ActionsProps & { reason?: string }): React.ReactElement {
  const { trans } = useHost();
  const { name, stopped } = deployment.spec;
  const word = stopped ? trans.__('Start') : trans.__('Try again');
  return (
    <button
      type="button"
      className="mdl-Button"
      aria-disabled={reason !== undefined}
      title={reason ?? (compact === true ? word : undefined)}
      aria-label={stopped ? trans.__('Start %1', name) : trans.__('Try again to start %1', name)}
      onClick={() => {
        if (reason === undefined) {
          onAct(deployment.id, 'start');
        }
      }}
    >
      <StartIcon />
      {compact !== true && (pending === 'start' ? trans.__('Starting…') : word)}
    </button>
  );
}
