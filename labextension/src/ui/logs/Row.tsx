/** One entry of a log: when, how grave, who, what; or that something is missing here. */

import * as React from 'react';
import { useHost } from '../host';
import type { Entry, Gap, Line } from './buffer';
import { shortReplica } from './names';
import { pieces } from './pieces';

export interface Look {
  wrap: boolean;
  times: boolean;
  /** Whether lines say which replica wrote them. */
  replicas: boolean;
  sought: string;
}

export interface RowProps {
  entry: Entry;
  look: Look;
  /** The match that the search stands at. */
  current: boolean;
}

export const Row = React.memo(function Row({ entry, ...rest }: RowProps): React.ReactElement {
  return entry.kind === 'gap' ? <GapRow gap={entry} /> : <LineRow entry={entry} {...rest} />;
});

function LineRow({ entry, look, current }: RowProps & { entry: Line }): React.ReactElement {
  const { trans } = useHost();
  const { line, text } = entry;
  const level = line.level.toUpperCase();
  return (
    <div className={`mdl-LogLine ${tone(level)}${current ? ' mdl-mod-current' : ''}`}>
      {look.times && <Time at={line.at} />}
      {look.replicas && (
        <span className="mdl-LogLine-replica" title={line.replica}>
          {shortReplica(line.replica)}{' '}
        </span>
      )}
      <span className="mdl-LogLine-level">{level || (line.stream === 'log' ? '' : line.stream)} </span>
      {line.logger !== '' && <span className="mdl-LogLine-logger">{line.logger}: </span>}
      {pieces(line.message, text, look.sought).map((piece, index) =>
        piece.marked ? (
          <mark key={index} style={piece.style}>
            {piece.text}
          </mark>
        ) : piece.style === undefined ? (
          piece.text
        ) : (
          <span key={index} style={piece.style}>
            {piece.text}
          </span>
        )
      )}
      {line.left_out > 0 && (
        <em className="mdl-LogLine-rest">
          {' '}
          {trans._n(
            '… %1 more character; Download has it',
            '… %1 more characters; Download has them',
            line.left_out
          )}
        </em>
      )}
    </div>
  );
}

function Time({ at }: { at: string }): React.ReactElement {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return (
    <time className="mdl-LogLine-time" dateTime={at} title={date.toLocaleString()}>
      {clock}.{String(date.getMilliseconds()).padStart(3, '0')}{' '}
    </time>
  );
}

function GapRow({ gap }: { gap: Gap }): React.ReactElement {
  const { trans } = useHost();
  return (
    <div className="mdl-LogGap">
      {gap.count === null
        ? trans.__('Lines are missing here: there was no connection. Download has them.')
        : trans._n(
            '%1 line was skipped here: more came than could be shown. Download has it.',
            '%1 lines were skipped here: more came than could be shown. Download has them.',
            gap.count
          )}
    </div>
  );
}

function tone(level: string): string {
  switch (level) {
    case 'CRITICAL':
    case 'FATAL':
    case 'ERROR':
      return 'mdl-mod-error';
    case 'WARNING':
    case 'WARN':
      return 'mdl-mod-warning';
    case 'DEBUG':
    case 'TRACE':
      return 'mdl-mod-debug';
    default:
      return 'mdl-mod-info';
  }
}
