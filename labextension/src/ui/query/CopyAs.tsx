/** The request for elsewhere: curl, Python, and a cell of the notebook. */

import * as React from 'react';
import { useHost } from '../host';
import { CopyButton } from '../kit/CopyButton';
import { CodeIcon } from '../kit/icons';
import { Popover } from '../kit/Popover';
import { LineCard } from '../line/LineButton';
import { cell, curl, python, type Call, type KernelSource } from './snippets';

export function CopyAs({ call, source }: { call: Call; source: KernelSource | null }): React.ReactElement {
  const { trans } = useHost();
  return (
    <span className="mdl-Query-copy">
      <CopyButton text={curl(call)} label={trans.__('Copy as curl')} words={trans.__('curl')} />
      <CopyButton text={python(call)} label={trans.__('Copy as Python')} words={trans.__('Python')} />
      <Popover label={trans.__('Show as a cell')} className="mdl-IconButton" button={<CodeIcon />}>
        {close => <LineCard code={cell(call, source)} onDone={close} />}
      </Popover>
    </span>
  );
}
