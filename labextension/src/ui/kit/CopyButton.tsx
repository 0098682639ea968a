/** A button that copies a text, and says for a moment that it did. */

import * as React from 'react';
import { useHost } from '../host';
import { CheckIcon, CopyIcon } from './icons';

const SHOWN = 2000;

export type Said = 'copied' | 'failed' | null;

/** Copy a text; what became of it is said for two seconds. */
export function useCopy(): [Said, (text: string) => void] {
  const { copy } = useHost();
  const [said, setSaid] = React.useState<Said>(null);
  const timer = React.useRef<ReturnType<typeof setTimeout>>();
  React.useEffect(() => () => clearTimeout(timer.current), []);
  const onCopy = (text: string): void => {
    copy(text)
      .then(
        () => setSaid('copied'),
        () => setSaid('failed')
      )
      .finally(() => {
        clearTimeout(timer.current);
        timer.current = setTimeout(() => setSaid(null), SHOWN);
      });
  };
  return [said, onCopy];
}

/** The word for what became of a copy, for those who do not see the icon. */
export function useSaid(said: Said): string {
  const { trans } = useHost();
  return said === 'copied'
    ? trans.__('Copied')
    : said === 'failed'
      ? trans.__('Select and copy it by hand')
      : '';
}

export function CopyButton({
  text,
  label,
  words
}: {
  text: string;
  label: string;
  words?: string;
}): React.ReactElement {
  const [said, onCopy] = useCopy();
  return (
    <>
      <button
        type="button"
        className={words === undefined ? 'mdl-IconButton' : 'mdl-Button'}
        aria-label={label}
        title={label}
        onClick={() => onCopy(text)}
      >
        {said === 'copied' ? <CheckIcon /> : <CopyIcon />}
        {words}
      </button>
      <span className="mdl-Said" role="status">
        {useSaid(said)}
      </span>
    </>
  );
}
