/** Which rows of a long table are shown, and the way to the others. */

import * as React from 'react';
import { useHost } from '../host';

interface PagesProps {
  page: number;
  last: number;
  size: number;
  total: number;
  onPage: (page: number) => void;
}

export function Pages({ page, last, size, total, onPage }: PagesProps): React.ReactElement {
  const { trans } = useHost();
  const end = Math.min(total, (page + 1) * size) - 1;
  return (
    <span className="mdl-Query-pages">
      <button
        type="button"
        className="mdl-Button"
        aria-disabled={page === 0}
        title={page === 0 ? trans.__('These are the first rows') : undefined}
        onClick={() => page > 0 && onPage(page - 1)}
      >
        {trans.__('Previous')}
      </button>
      <span>{trans.__('Rows %1–%2 of %3', page * size, end, total)}</span>
      <button
        type="button"
        className="mdl-Button"
        aria-disabled={page === last}
        title={page === last ? trans.__('These are the last rows') : undefined}
        onClick={() => page < last && onPage(page + 1)}
      >
        {trans.__('Next')}
      </button>
    </span>
  );
}
