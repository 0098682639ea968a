/** Whether a query is one table, or several named inputs with an editor for each. */

import * as React from 'react';
import { useHost } from '../host';
import { Segments } from '../kit/Segments';
import { columnText, type Draft } from './draft';
import { inputsOf } from './layout';
import type { Wanted } from './request';

export interface IoSwitchProps {
  draft: Draft;
  wanted: Wanted;
  onEdit: (change: Partial<Draft>) => void;
}

export function IoSwitch({ draft, wanted, onEdit }: IoSwitchProps): React.ReactElement {
  const { trans } = useHost();
  const { layout, dialect, io } = wanted;
  const inputs = inputsOf(layout);
  const single =
    layout.kind === 'inputs' ? trans.__('Its inputs share no rows: each has its own editor') : undefined;
  const multi =
    inputs.length === 0
      ? trans.__('The model’s inputs have no names')
      : dialect?.multi_io === true
        ? undefined
        : trans.__('This dialect takes one table');
  const choose = (next: 'single' | 'multi'): void => {
    const fill =
      next === 'multi' && layout.kind === 'table'
        ? { inputs: Object.fromEntries(inputs.map(each => [each.key, columnText(draft.rows, each)])) }
        : {};
    onEdit({ io: next, json: {}, editor: 'form', ...fill });
  };
  return (
    <Segments
      label={trans.__('Query type')}
      segments={[
        { id: 'single', label: trans.__('Single I/O'), because: single },
        { id: 'multi', label: trans.__('Multi I/O'), because: multi }
      ]}
      chosen={io}
      onChoose={choose}
    />
  );
}
