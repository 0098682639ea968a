/** Says that the signature is another one than the values were typed for. */

import * as React from 'react';
import { useHost } from '../host';
import { CloseIcon } from '../kit/icons';
import type { Moved } from './draft';

export function MovedNote({ moved, onClose }: { moved: Moved; onClose: () => void }): React.ReactElement {
  const { trans } = useHost();
  const { added, removed } = moved;
  const list = (names: readonly string[]): string => names.slice(0, 8).join(', ');
  const said = [
    trans.__('The signature is that of revision %1 now; values were kept by name.', moved.revision),
    ...(added.length === 0 ? [] : [trans.__('New: %1.', list(added))]),
    ...(removed.length === 0 ? [] : [trans.__('Gone: %1.', list(removed))])
  ];
  return (
    <div className="mdl-Query-moved" role="status">
      <span>{said.join(' ')}</span>
      <button
        type="button"
        className="mdl-IconButton"
        aria-label={trans.__('Close')}
        title={trans.__('Close')}
        onClick={onClose}
      >
        <CloseIcon />
      </button>
    </div>
  );
}
