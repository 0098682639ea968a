/** What became of pasted text. */

import * as React from 'react';
import { useHost } from '../host';
import { Problem } from '../kit/Problem';
import { MOST_ROWS, type Pasted } from './paste';

export function PastedNote({ pasted }: { pasted: Pasted }): React.ReactElement | null {
  const { trans } = useHost();
  const { rows, unknown, cut } = pasted;
  const said = [
    trans._n('%1 row was pasted', '%1 rows were pasted', rows.length),
    ...(unknown.length === 0 ? [] : [trans.__('left out: %1', unknown.slice(0, 8).join(', '))]),
    ...(cut === 0 ? [] : [trans.__('%1 rows more than the %2 that fit', cut, MOST_ROWS)])
  ];
  return unknown.length === 0 && cut === 0 ? (
    <p className="mdl-Query-note" role="status">
      {said.join('; ')}
    </p>
  ) : (
    <Problem problem={{ message: said.join('; '), hint: '' }} />
  );
}
