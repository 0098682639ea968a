/** What stands where there is nothing to show: what it is, why, and what to do next. */

import * as React from 'react';

export interface NoticeProps {
  title: string;
  children?: React.ReactNode;
  action?: { label: string; onClick: () => void };
  busy?: boolean;
  tone?: 'plain' | 'warn';
}

export function Notice({ title, children, action, busy, tone }: NoticeProps): React.ReactElement {
  return (
    <div className={`mdl-Notice mdl-mod-${tone ?? 'plain'}`} role="status" aria-busy={busy}>
      {busy === true && <span className="mdl-Spinner" aria-hidden="true" />}
      <p className="mdl-Notice-title">{title}</p>
      {children !== undefined && <div className="mdl-Notice-text">{children}</div>}
      {action !== undefined && (
        <button type="button" className="mdl-Button" onClick={action.onClick}>
          {action.label}
        </button>
      )}
    </div>
  );
}
