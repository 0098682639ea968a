/** `<>`: the `%deploy` line that does what the button beside it does, to insert into the notebook or to copy. */

import * as React from 'react';
import { useHost, useNotebookObstacle } from '../host';
import { CodeIcon } from '../kit/icons';
import { Popover } from '../kit/Popover';
import { cell, type Command } from './line';

export interface LineButtonProps {
  /** Several make one cell with a line for each. */
  command: Command | readonly Command[];
  /** What the action is, for those who hear the button: "Stop churn". */
  action: string;
}

export function LineButton({ command, action }: LineButtonProps): React.ReactElement {
  const { trans } = useHost();
  return (
    <Popover
      label={trans.__('Show the %deploy line: %1', action)}
      className="mdl-IconButton"
      button={<CodeIcon />}
    >
      {close => <LineCard code={[command].flat().map(cell).join('\n')} onDone={close} />}
    </Popover>
  );
}

export interface LineCardProps {
  code: string;
  onDone?: () => void;
  /** This is no cell: it can only be copied. */
  elsewhere?: boolean;
}

/** The line with its two buttons, also for forms that show it all the time. */
export function LineCard({ code, onDone, elsewhere }: LineCardProps): React.ReactElement {
  const { trans, copy, notebook } = useHost();
  const [said, setSaid] = React.useState('');
  const obstacle = useNotebookObstacle();
  const then = (done: Promise<void>, word: string): void => {
    done.then(
      () => {
        setSaid(word);
        onDone?.();
      },
      (error: unknown) => setSaid(error instanceof Error ? error.message : String(error))
    );
  };
  return (
    <div className="mdl-Line">
      <pre className="mdl-Line-code" tabIndex={0} aria-label={trans.__('The code')}>
        {code}
      </pre>
      <div className="mdl-Line-foot">
        {notebook !== null && elsewhere !== true && (
          <button
            type="button"
            className="mdl-Button"
            aria-disabled={obstacle !== null}
            title={obstacle ?? undefined}
            onClick={() => {
              if (obstacle === null) {
                then(notebook.insert(code), trans.__('Inserted'));
              }
            }}
          >
            {trans.__('Insert into the notebook')}
          </button>
        )}
        <button type="button" className="mdl-Button" onClick={() => then(copy(code), trans.__('Copied'))}>
          {trans.__('Copy')}
        </button>
        <span role="status">{said}</span>
      </div>
    </div>
  );
}
