/** A titled part of a view. */

import * as React from 'react';

export interface SectionProps {
  title: string;
  /** Buttons at the end of the title's line. */
  actions?: React.ReactNode;
  className?: string;
  children: React.ReactNode;
}

export function Section({ title, actions, className, children }: SectionProps): React.ReactElement {
  const id = React.useId();
  return (
    <section className={`mdl-Section ${className ?? ''}`} aria-labelledby={id}>
      <header className="mdl-Section-head">
        <h3 id={id} className="mdl-Section-title">
          {title}
        </h3>
        {actions}
      </header>
      {children}
    </section>
  );
}
