/** One line above the list when what is shown is old, or when panel and server are of different versions. */

import * as React from 'react';
import { useHost, type Host } from './host';
import { WarningIcon } from './kit/icons';
import type { Snapshot } from './store';

/** A short break (a hidden panel shown again, a server restart) is not worth a word. */
const GRACE = 1500;

export function Banner({ state, onRetry }: { state: Snapshot; onRetry: () => void }): React.ReactElement {
  const host = useHost();
  const old = useDelayed(state.loaded && state.freshness === 'old', GRACE);
  const otherVersion = versions(state, host);
  return (
    <div role="status" aria-live="polite">
      {old && (
        <Line text={whyOld(state, host)}>
          {state.obstacle === null && state.engineAway !== null && (
            <button type="button" className="mdl-Button" onClick={onRetry}>
              {host.trans.__('Start the engine')}
            </button>
          )}
        </Line>
      )}
      {otherVersion !== null && <Line text={otherVersion} />}
    </div>
  );
}

function Line({ text, children }: { text: string; children?: React.ReactNode }): React.ReactElement {
  return (
    <div className="mdl-Banner">
      <WarningIcon />
      <div>
        {text}
        {children}
      </div>
    </div>
  );
}

function whyOld({ obstacle, engineAway }: Snapshot, { trans }: Host): string {
  if (obstacle === 'kernel') {
    return trans.__('The kernel that answered is gone. What you see is old; run the cell again.');
  }
  if (obstacle !== null) {
    return trans.__('Jupyter does not answer. What you see is old; it is tried again.');
  }
  if (engineAway !== null) {
    return trans.__('What you see is old: %1.', engineAway.message);
  }
  return trans.__('Connecting. What you see may be old.');
}

function versions({ server }: Snapshot, { trans, version }: Host): string | null {
  if (server === null || version === '' || server.version === version) {
    return null;
  }
  return trans.__(
    'This panel is mdeploy %1, the Jupyter server has %2. Reload the page; if that does not help, restart Jupyter.',
    version,
    server.version
  );
}

function useDelayed(value: boolean, milliseconds: number): boolean {
  const [delayed, setDelayed] = React.useState(false);
  React.useEffect(() => {
    if (!value) {
      setDelayed(false);
      return;
    }
    const timer = setTimeout(() => setDelayed(true), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return value && delayed;
}
