/** What is below a log: how much of it is here, for how long it is kept, and the way to the newest line. */

import * as React from 'react';
import { useMount } from '../context';
import { useHost } from '../host';
import { BottomIcon } from '../kit/icons';
import { useResource } from '../resource';
import type { LogState } from './feed';

export interface LogsFootProps {
  state: LogState;
  /** Lines that came since following was paused. */
  waiting: number;
  following: boolean;
  onBottom: () => void;
}

export function LogsFoot({ state, waiting, following, onBottom }: LogsFootProps): React.ReactElement {
  const { trans, locale } = useHost();
  const days = useDaysKept();
  const count = state.length.toLocaleString(locale);
  return (
    <footer className="mdl-LogsFoot">
      <span className="mdl-LogsFoot-text">
        {state.length === 1 ? trans.__('1 line') : trans.__('%1 lines', count)}
        {state.first > 0 && <> · {trans.__('older ones only in the download')}</>}
        {days !== undefined && <> · {trans._n('kept for %1 day', 'kept for %1 days', days)}</>}
      </span>
      <span role="status" className="mdl-LogsFoot-waiting">
        {waiting > 0 && trans._n('%1 new line', '%1 new lines', waiting)}
      </span>
      <button
        type="button"
        className={`mdl-Button${waiting > 0 ? ' mdl-mod-primary' : ''}`}
        aria-disabled={following}
        title={following ? trans.__('The newest line is shown') : undefined}
        onClick={() => {
          if (!following) {
            onBottom();
          }
        }}
      >
        <BottomIcon />
        {trans.__('Scroll to Bottom')}
      </button>
    </footer>
  );
}

/** `logs.days` of this engine. */
function useDaysKept(): number | undefined {
  const { store } = useMount();
  const info = useResource(signal => store.api.info(signal), []);
  const value = info.value?.settings.find(each => each.name === 'logs.days')?.value;
  return typeof value === 'number' ? value : undefined;
}
