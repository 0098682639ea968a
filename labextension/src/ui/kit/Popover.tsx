/** A button with a small surface that opens under it: Escape, a click elsewhere or a done action closes it again. */

import * as React from 'react';
import { createPortal } from 'react-dom';

export interface PopoverProps {
  label: string;
  button: React.ReactNode;
  className?: string;
  disabledBecause?: string | undefined;
  /** Also opens while the pointer rests on the button or the keyboard is there; a click keeps it open. */
  hover?: boolean;
  children: (close: () => void) => React.ReactNode;
}

interface Place {
  top: number;
  left: number;
  /** Where the surface hangs: inside the same themed root, so that colours and fonts hold. */
  root: Element;
}

/** `glance` passes with the pointer, `kept` takes the focus and stays. */
type Mode = 'glance' | 'kept';

const GAP = 4;
const WIDEST = 420;
const REST = 150;
const LEAVE = 250;

export function Popover(props: PopoverProps): React.ReactElement {
  const [place, setPlace] = React.useState<Place | null>(null);
  const [mode, setMode] = React.useState<Mode>('kept');
  const button = React.useRef<HTMLButtonElement>(null);
  const timer = React.useRef<ReturnType<typeof setTimeout>>();
  const id = React.useId();
  const disabled = props.disabledBecause !== undefined;
  React.useEffect(() => () => clearTimeout(timer.current), []);
  const open = (how: Mode): void => {
    clearTimeout(timer.current);
    const element = button.current;
    if (element === null || disabled) {
      return;
    }
    const { bottom, left } = element.getBoundingClientRect();
    const root = element.closest('.mdl-Root') ?? document.body;
    setMode(how);
    setPlace({
      top: bottom + GAP,
      left: Math.max(GAP, Math.min(left, window.innerWidth - WIDEST - GAP)),
      root
    });
  };
  const close = React.useCallback(() => {
    clearTimeout(timer.current);
    setPlace(null);
    button.current?.focus({ preventScroll: true });
  }, []);
  const glance = (wait: number): void => {
    clearTimeout(timer.current);
    if (place === null) {
      timer.current = setTimeout(() => open('glance'), wait);
    }
  };
  const leave = (): void => {
    clearTimeout(timer.current);
    if (mode === 'glance') {
      timer.current = setTimeout(() => setPlace(null), LEAVE);
    }
  };
  const hovered = props.hover === true && {
    onMouseEnter: () => glance(REST),
    onMouseLeave: leave,
    onBlur: leave,
    onKeyUp: (event: React.KeyboardEvent) => {
      if (event.key === 'Tab') {
        glance(0);
      }
    }
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        className={props.className ?? 'mdl-Button'}
        aria-label={props.label}
        title={props.disabledBecause ?? (props.hover === true ? undefined : props.label)}
        aria-disabled={disabled}
        aria-haspopup="dialog"
        aria-expanded={place !== null}
        aria-controls={place === null ? undefined : id}
        {...hovered}
        onClick={() => (place === null || mode === 'glance' ? open('kept') : close())}
        onKeyDown={event => {
          if (event.key === 'Escape' && place !== null) {
            event.stopPropagation();
            close();
          }
        }}
      >
        {props.button}
      </button>
      {place !== null && (
        <Surface
          id={id}
          place={place}
          mode={mode}
          label={props.label}
          owner={button}
          onClose={close}
          onStay={() => clearTimeout(timer.current)}
          onLeave={leave}
        >
          {props.children(close)}
        </Surface>
      )}
    </>
  );
}

interface SurfaceProps {
  id: string;
  place: Place;
  mode: Mode;
  label: string;
  owner: React.RefObject<HTMLButtonElement>;
  onClose: () => void;
  onStay: () => void;
  onLeave: () => void;
  children: React.ReactNode;
}

function Surface(props: SurfaceProps): React.ReactElement {
  const { place, mode, owner, onClose } = props;
  const surface = React.useRef<HTMLDivElement>(null);
  React.useLayoutEffect(() => {
    const element = surface.current;
    if (element !== null) {
      // In the browser's top layer no panel cuts it off, and it stands where the window says.
      element.setAttribute('popover', 'manual');
      if ('showPopover' in element && element.isConnected && !element.matches(':popover-open')) {
        element.showPopover();
      }
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
    if (mode === 'kept') {
      const first = surface.current?.querySelector<HTMLElement>('button, [tabindex="0"], input, a');
      (first ?? surface.current)?.focus({ preventScroll: true });
    }
  }, [mode]);
  return createPortal(
    <div
      ref={surface}
      id={props.id}
      className="mdl-Popover"
      role="dialog"
      aria-label={props.label}
      tabIndex={-1}
      style={{ top: place.top, left: place.left, maxInlineSize: WIDEST }}
      onMouseEnter={props.onStay}
      onMouseLeave={props.onLeave}
      // What happens in here is not for the view that the button stands in, although React would tell it.
      onClick={event => event.stopPropagation()}
      onKeyDown={event => {
        event.stopPropagation();
        if (event.key === 'Escape') {
          onClose();
        }
      }}
    >
      {props.children}
    </div>,
    place.root
  );
}
