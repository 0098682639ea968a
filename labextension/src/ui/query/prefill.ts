/** A model without example rows: begin with a row of a frame in the kernel that has the columns. */

import * as React from 'react';
import { useHost } from '../host';
import type { Kernel } from '../kernel';
import { kernelRows, type Draft } from './draft';
import { lacking, taken } from './KernelRows';
import type { Layout, Table } from './layout';
import type { QuerySession } from './session';

export function useKernelRow(draft: Draft, layout: Layout, session: QuerySession): void {
  const { kernel } = useHost();
  const invented = draft.origin === 'invented' && layout.kind === 'table';
  React.useEffect(() => {
    if (!invented || kernel === null) {
      return;
    }
    let gone = false;
    firstRow(kernel, layout).then(
      found => {
        if (!gone && found !== null && session.state().draft?.origin === 'invented') {
          session.edit(found);
        }
      },
      () => undefined // the invented values stay, and say what they are
    );
    return () => {
      gone = true;
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once for each deployment, not for each key that is typed
  }, [invented, kernel, session]);
}

async function firstRow(kernel: Kernel, layout: Table): Promise<Partial<Draft> | null> {
  if (!layout.named || (await kernel.obstacle()) !== null) {
    return null;
  }
  const frames = await kernel.frames();
  const frame = frames.find(each => each.rows > 0 && lacking(each, layout).length === 0);
  if (frame === undefined) {
    return null;
  }
  const { columns, rows } = await kernel.rows(frame.name, 0, 1);
  const source = { frame: frame.name, type: frame.type, start: 0, count: 1, columns: taken(columns, layout) };
  return { rows: kernelRows(columns, rows, layout), origin: 'kernel', source };
}
