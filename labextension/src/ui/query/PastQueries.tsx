/** The queries that were sent: send one again, or take it into the editor. */

import * as React from 'react';
import { useHost } from '../host';
import { useAgo } from '../time';
import { MOST, type PastQuery } from './past';
import { StatusChip } from './Summary';
import { bytes, duration } from './words';

export interface PastQueriesProps {
  past: readonly PastQuery[];
  /** Why nothing can be sent now. */
  because: string | undefined;
  onReplay: (query: PastQuery) => void;
  onEdit: (query: PastQuery) => void;
  onClear: () => void;
}

export function PastQueries(props: PastQueriesProps): React.ReactElement | null {
  const { trans } = useHost();
  const [open, setOpen] = React.useState(false);
  if (props.past.length === 0) {
    return null;
  }
  return (
    <details className="mdl-Query-fold" open={open} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{trans.__('Queries (%1)', props.past.length)}</summary>
      {open && (
        <>
          <ol className="mdl-Query-past">
            {props.past.map((query, at) => (
              <Past key={`${query.at} ${at}`} {...props} query={query} />
            ))}
          </ol>
          <div className="mdl-Query-bar">
            <span className="mdl-Query-note">
              {trans.__('The newest %1 are kept in this browser; bodies over 50 kB are not.', MOST)}
            </span>
            <button type="button" className="mdl-Button" onClick={props.onClear}>
              {trans.__('Forget them')}
            </button>
          </div>
        </>
      )}
    </details>
  );
}

function Past({
  query,
  because,
  onReplay,
  onEdit
}: PastQueriesProps & { query: PastQuery }): React.ReactElement {
  const { trans, locale } = useHost();
  const when = useAgo(query.at);
  const lost = query.body === null ? trans.__('The body was too large to be kept') : undefined;
  const blocked = lost ?? because;
  const facts = [
    query.dialect,
    duration(query.latency, locale),
    bytes(query.size, locale),
    ...(query.answeredBy === null ? [] : [trans.__('Revision %1', query.answeredBy)])
  ];
  return (
    <li>
      <div className="mdl-Query-summary">
        <StatusChip status={query.status} />
        <time dateTime={query.at} title={new Date(query.at).toLocaleString(locale)}>
          {when}
        </time>
        <span>{facts.join(' · ')}</span>
      </div>
      <code className="mdl-Query-glimpse" title={query.body ?? ''} dir="ltr">
        {query.body?.replace(/\s+/g, ' ').slice(0, 200) ?? lost}
      </code>
      <div className="mdl-Query-bar">
        <button
          type="button"
          className="mdl-Button"
          aria-disabled={blocked !== undefined}
          title={blocked}
          onClick={() => blocked === undefined && onReplay(query)}
        >
          {trans.__('Replay')}
        </button>
        <button
          type="button"
          className="mdl-Button"
          aria-disabled={lost !== undefined}
          title={lost}
          onClick={() => lost === undefined && onEdit(query)}
        >
          {trans.__('Edit')}
        </button>
      </div>
    </li>
  );
}
