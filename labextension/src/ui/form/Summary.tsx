/** Above the form: what keeps it from being sent, each with a way to its field; and what the server or kernel said. */

import * as React from 'react';
import type { ErrorBody } from '../../api/types';
import { useHost } from '../host';
import { Problem } from '../kit/Problem';
import { placeLabel } from './words';

export interface SummaryProps {
  problems: ReadonlyMap<string, string>;
  refusal: ErrorBody | null;
  told: string;
  onShow: (path: string) => void;
}

export function Summary({ problems, refusal, told, onShow }: SummaryProps): React.ReactElement | null {
  const { trans } = useHost();
  if (problems.size === 0 && refusal === null) {
    return null;
  }
  const problem =
    refusal ??
    ({
      message: trans._n('%1 field needs a look', '%1 fields need a look', problems.size),
      hint: ''
    } as const);
  return (
    <div className="mdl-Form-summary">
      <Problem problem={{ ...problem, evidence: refusal === null ? '' : evidence(refusal, told) }} alert>
        {problems.size > 0 && (
          <ul className="mdl-Form-problems">
            {[...problems].map(([path, reason]) => (
              <li key={path}>
                <button type="button" className="mdl-LinkButton" onClick={() => onShow(path)}>
                  {placeLabel(path, trans)}
                </button>
                {': '}
                {reason}
              </li>
            ))}
          </ul>
        )}
      </Problem>
    </div>
  );
}

/** The numbers of a quota that is full are in the message; of what a kernel ran, what it printed. */
function evidence({ code }: ErrorBody, told: string): string {
  return code === 'error' ? told.trim() : '';
}
