/** Send, cancel, and the request for elsewhere. */

import * as React from 'react';
import { useHost } from '../host';
import { CopyButton } from '../kit/CopyButton';
import { StartIcon, StopIcon } from '../kit/icons';
import { CopyAs } from './CopyAs';
import type { Wanted } from './request';
import type { KernelSource } from './snippets';
import type { Sender } from './useSender';

export interface SendBarProps {
  sender: Sender;
  wanted: Wanted;
  source: KernelSource | null;
}

export function SendBar({ sender, wanted, source }: SendBarProps): React.ReactElement {
  const { trans } = useHost();
  const { because, running, blocked } = sender;
  // A fault that is seen where it was typed is not told twice.
  const told = blocked === undefined && wanted.fault !== undefined && wanted.seen;
  return (
    <div className="mdl-Query-send">
      {wanted.dialect?.binary === true && <Script code={wanted.dialect.example} />}
      {wanted.dialect?.binary === true && <BodyFile onFile={sender.setFile} />}
      <div className="mdl-Query-bar">
        {running ? (
          <button type="button" className="mdl-Button" onClick={sender.cancel}>
            <StopIcon />
            {trans.__('Cancel')}
          </button>
        ) : (
          <button
            type="button"
            className="mdl-Button mdl-mod-primary"
            aria-disabled={because !== undefined}
            title={because ?? trans.__('Ctrl+Enter')}
            onClick={sender.send}
          >
            <StartIcon />
            {trans.__('Send')}
          </button>
        )}
        {wanted.dialect?.binary !== true && <CopyAs call={sender.call} source={source} />}
      </div>
      {because !== undefined && !running && !told && <p className="mdl-Field-error">{because}</p>}
    </div>
  );
}

/** How a program calls a dialect whose bodies are no text. */
function Script({ code }: { code: string }): React.ReactElement | null {
  const { trans } = useHost();
  return code === '' ? null : (
    <div className="mdl-Query-script">
      <pre className="mdl-Line-code" tabIndex={0} aria-label={trans.__('The code')} dir="ltr">
        {code}
      </pre>
      <CopyButton text={code} label={trans.__('Copy as Python')} words={trans.__('Python')} />
    </div>
  );
}

/** A dialect whose bodies are no text takes a file as it is. */
function BodyFile({ onFile }: { onFile: (base64: string | null) => void }): React.ReactElement {
  const { trans } = useHost();
  const read = (file: File | undefined): void => {
    if (file === undefined) {
      onFile(null);
      return;
    }
    const reader = new FileReader();
    reader.onload = () =>
      onFile(typeof reader.result === 'string' ? (reader.result.split(',')[1] ?? '') : null);
    reader.onerror = () => onFile(null);
    reader.readAsDataURL(file);
  };
  return (
    <label className="mdl-Field">
      <span className="mdl-Field-label">{trans.__('Body')}</span>
      <input type="file" onChange={event => read(event.target.files?.[0])} />
      <span className="mdl-Field-help">
        {trans.__('This dialect’s bodies are no text: choose a file with one.')}
      </span>
    </label>
  );
}
