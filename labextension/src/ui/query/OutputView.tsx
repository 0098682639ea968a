/** One output: as a table, beside the kernel's own answer where there is one, or as JSON that folds. */

import * as React from 'react';
import { useHost } from '../host';
import { compare, tableOf, type Output } from './answer';
import { AnswerTable } from './AnswerTable';
import { toJson } from './json';
import { JsonTree } from './JsonTree';
import type { Answered } from './session';

export type View = 'table' | 'json' | 'raw';

interface OutputViewProps {
  output: Output;
  view: View;
  kernel: Answered['kernel'];
}

export function OutputView({ output, view, kernel }: OutputViewProps): React.ReactElement {
  const { trans } = useHost();
  const { table } = output;
  const comparison = React.useMemo(() => {
    const own = kernel === null || table === null ? null : tableOf(toJson(kernel.values), table.columns);
    return own === null || table === null ? null : compare(table, own);
  }, [kernel, table]);
  const name = output.name === '' ? trans.__('answer') : output.name;
  return (
    <section className="mdl-Query-output" aria-label={trans.__('Output %1', name)}>
      {output.name !== '' && (
        <h3 className="mdl-Query-name" title={name}>
          {name}
          <span className="mdl-Query-type">{output.type}</span>
        </h3>
      )}
      {kernel !== null && comparison !== null && (
        <p className={comparison.differing === 0 ? 'mdl-Query-same' : 'mdl-Query-differs'} role="status">
          {comparison.differing === 0
            ? trans._n(
                '%2 in the kernel answers the same for %1 row',
                '%2 in the kernel answers the same for all %1 rows',
                comparison.agreed.length,
                kernel.model
              )
            : trans.__(
                '%1 in the kernel answers otherwise for %2 of %3 rows',
                kernel.model,
                comparison.differing,
                comparison.agreed.length
              )}
        </p>
      )}
      {view === 'table' && table !== null ? (
        <AnswerTable table={table} label={trans.__('Table of %1', name)} comparison={comparison} />
      ) : (
        <JsonTree value={output.value} />
      )}
    </section>
  );
}
