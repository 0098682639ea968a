/** The state: a colour and always the word. */

import * as React from 'react';
import type { State } from '../../api/types';
import { useHost, type Translator } from '../host';

export function stateWord(state: State, trans: Translator): string {
  switch (state) {
    case 'deployed':
      return trans.__('Deployed');
    case 'failed':
      return trans.__('Failed');
    case 'deploying':
      return trans.__('Deploying');
    case 'stopping':
      return trans.__('Stopping');
    case 'stopped':
      return trans.__('Stopped');
  }
}

export function StateChip({ state }: { state: State }): React.ReactElement {
  const { trans } = useHost();
  return (
    <span className={`mdl-Chip mdl-Chip-${state}`} title={stateWord(state, trans)}>
      <span className="mdl-Chip-dot" aria-hidden="true" />
      {stateWord(state, trans)}
    </span>
  );
}
