/** The endpoint's URL; a click copies it. */

import * as React from 'react';
import { useHost } from './host';
import { CheckIcon, CopyIcon } from './icons';

const SHOWN = 2000;

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
  const { trans, copy } = useHost();
  const [said, setSaid] = React.useState<'copied' | 'failed' | null>(null);
  const timer = React.useRef<ReturnType<typeof setTimeout>>();
  React.useEffect(() => () => clearTimeout(timer.current), []);
  if (url === '') {
    return null;
  }
  const onClick = (): void => {
    copy(url)
      .then(
        () => setSaid('copied'),
        () => setSaid('failed')
      )
      .finally(() => {
        clearTimeout(timer.current);
        timer.current = setTimeout(() => setSaid(null), SHOWN);
      });
  };
  return (
    <div className="mdl-Url">
      <button
        type="button"
        className="mdl-Url-button"
        onClick={onClick}
        title={note === undefined ? url : `${url}\n${note}`}
        aria-label={trans.__('Copy URL %1', url)}
      >
        <UrlText url={url} />
        {said === 'copied' ? <CheckIcon /> : <CopyIcon />}
      </button>
      <span className="mdl-Url-said" role="status">
        {said === 'copied'
          ? trans.__('Copied')
          : said === 'failed'
            ? trans.__('Select and copy it by hand')
            : ''}
      </span>
    </div>
  );
}
