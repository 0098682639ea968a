/** The endpoint's URL; a click copies it. */

import * as React from 'react';
import { useHost } from '../host';
import { useCopy, useSaid } from './CopyButton';
import { CheckIcon, CopyIcon } from './icons';

/** The end tells deployments apart, so the beginning gives way when there is little room. */
function UrlText({ url }: { url: string }): React.ReactElement {
  const end = url.lastIndexOf('/', url.length - 2);
  return (
    <span className="mdl-Url-text">
      <span className="mdl-Url-start">{url.slice(0, end)}</span>
      <span className="mdl-Url-end">{url.slice(end)}</span>
    </span>
  );
}

export function CopyUrl({ url, note }: { url: string; note?: string }): React.ReactElement | null {
  const { trans } = useHost();
  const [said, onCopy] = useCopy();
  const word = useSaid(said);
  if (url === '') {
    return null;
  }
  return (
    <div className="mdl-Url">
      <button
        type="button"
        className="mdl-Url-button"
        onClick={() => onCopy(url)}
        title={note === undefined ? url : `${url}\n${note}`}
        aria-label={trans.__('Copy URL %1', url)}
      >
        <UrlText url={url} />
        {said === 'copied' ? <CheckIcon /> : <CopyIcon />}
      </button>
      <span className="mdl-Said" role="status">
        {word}
      </span>
    </div>
  );
}
