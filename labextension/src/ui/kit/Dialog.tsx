/** A modal question in the page's own element for it, which keeps the focus inside and hears Escape. */

import * as React from 'react';

export interface DialogProps {
  title: string;
  onClose: () => void;
  children: React.ReactNode;
}

export function Dialog({ title, onClose, children }: DialogProps): React.ReactElement {
  const element = React.useRef<HTMLDialogElement>(null);
  const id = React.useId();
  React.useEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) {
        before.focus();
      }
    };
  }, []);
  return (
    <dialog
      ref={element}
      className="mdl-Dialog"
      aria-labelledby={id}
      onCancel={event => {
        event.preventDefault();
        onClose();
      }}
      onKeyDown={event => event.stopPropagation()}
    >
      <h2 id={id} className="mdl-Dialog-title">
        {title}
      </h2>
      {children}
    </dialog>
  );
}
