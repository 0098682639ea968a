/** What went wrong in one line, its hint under it, and the evidence folded away. */

import * as React from 'react';
import type { ErrorBody } from '../../api/types';
import { useHost } from '../host';
import { WarningIcon } from './icons';

export interface ProblemProps {
  problem: Pick<ErrorBody, 'message' | 'hint'> & { evidence?: string };
  alert?: boolean;
  children?: React.ReactNode;
}

export function Problem({ problem, alert, children }: ProblemProps): React.ReactElement {
  const { trans } = useHost();
  const evidence = problem.evidence ?? '';
  return (
    <div className="mdl-Trouble" role={alert === true ? 'alert' : undefined}>
      <WarningIcon />
      <div>
        <p>{problem.message}</p>
        {problem.hint !== '' && <p className="mdl-Hint">{problem.hint}</p>}
        {evidence !== '' && (
          <details className="mdl-Evidence">
            <summary>{trans.__('Evidence')}</summary>
            <pre tabIndex={0}>{evidence}</pre>
          </details>
        )}
        {children}
      </div>
    </div>
  );
}
