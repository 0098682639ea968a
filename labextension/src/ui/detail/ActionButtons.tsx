/** The actions as buttons side by side, or folded into a menu where there is no room for them. */

import * as React from 'react';
import { useHost } from '../host';
import { CodeIcon, MoreIcon } from '../kit/icons';
import { Popover } from '../kit/Popover';
import { TwoStepButton } from '../kit/TwoStepButton';
import { LineButton, LineCard } from '../line/LineButton';
import { cell } from '../line/line';
import type { Action } from './actions';

export function ActionButtons({ actions, wide }: { actions: Action[]; wide: boolean }): React.ReactElement {
  const { trans } = useHost();
  if (wide) {
    return (
      <div className="mdl-Head-actions" role="group" aria-label={trans.__('Actions')}>
        {actions.map(action => (
          <span key={action.key} className="mdl-Head-action">
            <ActionButton action={action} />
            <LineButton command={action.command} action={action.name} />
          </span>
        ))}
      </div>
    );
  }
  return (
    <Popover label={trans.__('Actions')} className="mdl-IconButton" button={<MoreIcon />}>
      {close => (
        <ul className="mdl-ActionMenu">
          {actions.map(action => (
            <MenuItem key={action.key} action={action} onDone={close} />
          ))}
        </ul>
      )}
    </Popover>
  );
}

function ActionButton({ action, onDone }: { action: Action; onDone?: () => void }): React.ReactElement {
  const { question, because } = action;
  const run = (): void => {
    onDone?.();
    action.run();
  };
  if (question !== undefined) {
    return (
      <TwoStepButton
        label={action.label}
        question={question.label}
        ariaLabel={action.name}
        ariaQuestion={question.name}
        icon={action.icon}
        disabledBecause={because}
        onConfirm={run}
      />
    );
  }
  return (
    <button
      type="button"
      className="mdl-Button"
      aria-label={action.name}
      aria-disabled={because !== undefined}
      title={because}
      onClick={() => {
        if (because === undefined) {
          run();
        }
      }}
    >
      {action.icon}
      {action.label}
    </button>
  );
}

/** In a menu the line opens below its action: a surface above a surface would close the lower one. */
function MenuItem({ action, onDone }: { action: Action; onDone: () => void }): React.ReactElement {
  const { trans } = useHost();
  const [open, setOpen] = React.useState(false);
  const label = trans.__('Show the %deploy line: %1', action.name);
  return (
    <li>
      <div className="mdl-ActionMenu-item">
        <ActionButton action={action} onDone={onDone} />
        <button
          type="button"
          className="mdl-IconButton"
          aria-label={label}
          title={label}
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          <CodeIcon />
        </button>
      </div>
      {open && <LineCard code={cell(action.command)} onDone={onDone} />}
    </li>
  );
}
