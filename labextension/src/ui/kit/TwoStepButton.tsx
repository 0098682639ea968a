/** A button that asks once more in its own place, and forgets when one looks elsewhere. */

import * as React from 'react';

const PATIENCE = 5000;

export interface TwoStepProps {
  label: string;
  question: string;
  ariaLabel: string;
  ariaQuestion: string;
  icon: React.ReactNode;
  disabledBecause?: string;
  onConfirm: () => void;
}

export function TwoStepButton(props: TwoStepProps): React.ReactElement {
  const [asking, setAsking] = React.useState(false);
  React.useEffect(() => {
    if (!asking) {
      return;
    }
    const timer = setTimeout(() => setAsking(false), PATIENCE);
    return () => clearTimeout(timer);
  }, [asking]);
  const disabled = props.disabledBecause !== undefined;
  const onClick = (): void => {
    if (disabled) {
      return;
    }
    setAsking(!asking);
    if (asking) {
      props.onConfirm();
    }
  };
  return (
    <button
      type="button"
      className={`mdl-Button${asking ? ' mdl-mod-warn' : ''}`}
      aria-disabled={disabled}
      aria-label={asking ? props.ariaQuestion : props.ariaLabel}
      title={props.disabledBecause ?? (props.label === '' ? props.ariaLabel : undefined)}
      onClick={onClick}
      onBlur={() => setAsking(false)}
      onKeyDown={event => {
        if (event.key === 'Escape' && asking) {
          event.stopPropagation();
          setAsking(false);
        }
      }}
    >
      {props.icon}
      {asking ? props.question : props.label}
    </button>
  );
}
