/** A button with a small surface that opens under it: Escape, a click elsewhere or a done action closes it again. */

import * as React from 'react';
import { createPortal } from 'react-dom';

export interface PopoverProps {
  label: string;
  button: React.ReactNode;
  className?: string;
  disabledBecause?: string | undefined;
  /** Opens by itself when the pointer rests on the button, as well as by click and keyboard. */
  hover?: boolean;
  children: (close: () => void) => React.ReactNode;
}

interface Place {
  top: number;
  left: number;
  /** Where the surface hangs: inside the same themed root, so that colours and fonts hold. */
  root: Element;
}

const GAP = 4;
const WIDEST = 420;

export function Popover(props: PopoverProps): React.ReactElement {
  const [place, setPlace] = React.useState<Place | null>(null);
  const button = React.useRef<HTMLButtonElement>(null);
  const id = React.useId();
  const disabled = props.disabledBecause !== undefined;
  const open = (): void => {
    const element = button.current;
    if (element === null || disabled) {
      return;
    }
    const { bottom, left } = element.getBoundingClientRect();
    const root = element.closest('.mdl-Root') ?? document.body;
    setPlace({
      top: bottom + GAP,
      left: Math.max(GAP, Math.min(left, window.innerWidth - WIDEST - GAP)),
      root
    });
  };
  const close = React.useCallback(() => {
    setPlace(null);
    button.current?.focus();
  }, []);
  return (
    <>
      <button
        ref={button}
        type="button"
        className={props.className ?? 'mdl-Button'}
        aria-label={props.label}
        title={props.disabledBecause ?? props.label}
        aria-disabled={disabled}
        aria-haspopup="dialog"
        aria-expanded={place !== null}
        aria-controls={place === null ? undefined : id}
        onMouseEnter={props.hover === true ? open : undefined}
        onClick={() => (place === null ? open() : close())}
      >
        {props.button}
      </button>
      {place !== null && (
        <Surface id={id} place={place} label={props.label} owner={button} onClose={close}>
          {props.children(close)}
        </Surface>
      )}
    </>
  );
}

interface SurfaceProps {
  id: string;
  place: Place;
  label: string;
  owner: React.RefObject<HTMLButtonElement>;
  onClose: () => void;
  children: React.ReactNode;
}

function Surface({ id, place, label, owner, onClose, children }: SurfaceProps): React.ReactElement {
  const surface = React.useRef<HTMLDivElement>(null);
  React.useLayoutEffect(() => {
    const element = surface.current;
    if (element !== null) {
      const over = element.getBoundingClientRect().bottom - window.innerHeight + GAP;
      if (over > 0) {
        element.style.top = `${Math.max(GAP, place.top - over)}px`;
      }
    }
  }, [place]);
  React.useEffect(() => {
    const elsewhere = (event: PointerEvent): void => {
      const target = event.target as Node;
      if (surface.current?.contains(target) !== true && owner.current?.contains(target) !== true) {
        onClose();
      }
    };
    document.addEventListener('pointerdown', elsewhere, true);
    return () => document.removeEventListener('pointerdown', elsewhere, true);
  }, [owner, onClose]);
  React.useEffect(() => {
    surface.current?.querySelector<HTMLElement>('button, [tabindex="0"], input, a')?.focus();
  }, []);
  return createPortal(
    <div
      ref={surface}
      id={id}
      className="mdl-Popover"
      role="dialog"
      aria-label={label}
      style={{ top: place.top, left: place.left, maxInlineSize: WIDEST }}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          onClose();
        }
      }}
    >
      {children}
    </div>,
    place.root
  );
}
