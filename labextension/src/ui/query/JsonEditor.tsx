/** A body, or one input, as JSON: what is wrong is told with its place. */

import * as React from 'react';
import { useHost } from '../host';
import { layOut, parse } from './json';
import { jsonWord } from './words';

export interface JsonEditorProps {
  label: string;
  text: string;
  onChange: (text: string) => void;
  /** Stands beside Format. */
  children?: React.ReactNode;
  rows?: number;
}

export function JsonEditor({ label, text, onChange, children, rows }: JsonEditorProps): React.ReactElement {
  const { trans } = useHost();
  const area = React.useRef<HTMLTextAreaElement>(null);
  const id = React.useId();
  const parsed = React.useMemo(() => parse(text), [text]);
  const error = 'error' in parsed ? parsed.error : null;
  const show = (): void => {
    if (error !== null) {
      area.current?.focus();
      area.current?.setSelectionRange(error.offset, error.offset + 1);
    }
  };
  return (
    <div className={`mdl-Query-json${error === null ? '' : ' mdl-mod-invalid'}`}>
      <textarea
        ref={area}
        className="mdl-Input"
        data-code="true"
        aria-label={label}
        aria-invalid={error !== null}
        aria-describedby={error === null ? undefined : id}
        rows={rows ?? Math.min(24, Math.max(8, text.split('\n').length + 1))}
        spellCheck={false}
        autoComplete="off"
        dir="ltr"
        value={text}
        onChange={event => onChange(event.target.value)}
      />
      <div className="mdl-Query-bar">
        <button
          type="button"
          className="mdl-Button"
          aria-disabled={error !== null}
          title={error === null ? undefined : trans.__('Only JSON without a fault can be formatted')}
          onClick={() => 'value' in parsed && onChange(layOut(parsed.value))}
        >
          {trans.__('Format')}
        </button>
        {children}
        {error !== null && (
          <button type="button" id={id} className="mdl-Query-fault" onClick={show}>
            {jsonWord(error, trans)}
          </button>
        )}
      </div>
    </div>
  );
}
