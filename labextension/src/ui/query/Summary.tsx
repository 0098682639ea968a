/** Status, latency, size, headers, and which revision and replica answered. */

import * as React from 'react';
import type { PredictResult } from '../../api/types';
import { useHost } from '../host';
import { bytes, duration, statusWord } from './words';

export function Summary({ result }: { result: PredictResult }): React.ReactElement {
  const { trans, locale } = useHost();
  const headers = Object.entries(result.headers).sort(([a], [b]) => a.localeCompare(b));
  return (
    <>
      <div className="mdl-Query-summary">
        <StatusChip status={result.status} />
        <span title={trans.__('Latency, measured by the engine')}>{duration(result.latency_ms, locale)}</span>
        <span title={trans.__('Size of the answer')}>{bytes(result.size, locale)}</span>
        {result.revision !== null && <span>{trans.__('Revision %1', result.revision)}</span>}
        {result.replica !== '' && (
          <span className="mdl-Query-replica" title={result.replica}>
            {trans.__('Replica %1', result.replica)}
          </span>
        )}
        {result.revision === null && <span>{trans.__('Answered by the gateway')}</span>}
      </div>
      <details className="mdl-Query-fold">
        <summary>{trans._n('%1 header', '%1 headers', headers.length)}</summary>
        <dl className="mdl-Facts">
          {headers.map(([name, value]) => (
            <React.Fragment key={name}>
              <dt>{name}</dt>
              <dd title={value}>{value}</dd>
            </React.Fragment>
          ))}
        </dl>
      </details>
    </>
  );
}

/** The number and its word; the colour only repeats them. */
export function StatusChip({ status }: { status: number }): React.ReactElement {
  const kind = status < 300 ? 'deployed' : status < 400 ? 'deploying' : 'failed';
  return (
    <span className={`mdl-Chip mdl-Chip-${kind}`}>
      <span className="mdl-Chip-dot" aria-hidden="true" />
      {`${status} ${statusWord(status)}`.trim()}
    </span>
  );
}
