/** A new token, shown this once: to copy, or to save as what `curl -K` reads. */

import * as React from 'react';
import type { Deployment, NewToken } from '../../api/types';
import { reachable } from '../endpoint';
import { useHost } from '../host';
import { useCopy, useSaid } from '../kit/CopyButton';
import { Dialog } from '../kit/Dialog';
import { CopyIcon, DownloadIcon, WarningIcon } from '../kit/icons';
import { curlOf } from './curl';

export interface TokenDialogProps {
  deployment: Deployment;
  issued: NewToken;
  onClose: () => void;
}

export function TokenDialog({ deployment, issued, onClose }: TokenDialogProps): React.ReactElement {
  const { trans, endpointBase } = useHost();
  const { name } = issued.client;
  const file = `${deployment.id}-${name}.curl`;
  const [said, onCopy] = useCopy();
  const word = useSaid(said);
  const [saved, setSaved] = React.useState(false);
  const [kept, setKept] = React.useState(false);
  const [leaving, setLeaving] = React.useState(false);
  const close = (): void => {
    if (kept || leaving) {
      onClose();
    } else {
      setLeaving(true);
    }
  };
  return (
    <Dialog title={trans.__('Token of %1', name)} onClose={close}>
      <div className="mdl-Dialog-body">
        <div className="mdl-Caution">
          <WarningIcon />
          <p>
            {trans.__(
              'It is shown only now and kept nowhere but by you. Put it where the calling program keeps its secrets, not into a notebook.'
            )}
          </p>
        </div>
        <code className="mdl-Code mdl-Token" tabIndex={0} aria-label={trans.__('Token')}>
          {issued.token}
        </code>
        <div className="mdl-SelectionBar-row">
          <button
            type="button"
            className="mdl-Button mdl-mod-primary"
            onClick={() => {
              onCopy(issued.token);
              setKept(true);
            }}
          >
            <CopyIcon />
            {trans.__('Copy token')}
          </button>
          <button
            type="button"
            className="mdl-Button"
            onClick={() => {
              save(file, `user = "${name}:${issued.token}"\n`);
              setSaved(true);
              setKept(true);
            }}
          >
            <DownloadIcon />
            {trans.__('Save as curl config')}
          </button>
          <span className="mdl-Said" role="status">
            {word}
          </span>
        </div>
        {saved && (
          <p role="status">
            {trans.__('A browser cannot make the file yours alone. Do that, then call with it:')}
          </p>
        )}
        {saved && (
          <pre className="mdl-Line-code" tabIndex={0} aria-label={trans.__('Commands')}>
            {`chmod 600 ${file}\n${curlOf(reachable(deployment, endpointBase).url, `-K ${file}`)}`}
          </pre>
        )}
        {leaving && !kept && (
          <p role="alert">{trans.__('You have neither copied nor saved it. It cannot be shown again.')}</p>
        )}
        <div className="mdl-Dialog-foot">
          <button
            type="button"
            className={`mdl-Button${leaving && !kept ? ' mdl-mod-warn' : ''}`}
            onClick={close}
          >
            {leaving && !kept ? trans.__('Close without it') : trans.__('Close')}
          </button>
        </div>
      </div>
    </Dialog>
  );
}

/** From the page straight into a file: no request carries it, and the URL of it ends at once. */
function save(filename: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = filename;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url));
}
