/** A time as one says it, alone or in a sentence, with the exact one where the pointer rests. */

import * as React from 'react';
import { useAgo, useWhen } from '../time';

export interface AgoProps {
  at: string;
  /** Puts it into a sentence: languages differ in where it stands. */
  children?: (ago: string) => string;
}

export function Ago({ at, children = said => said }: AgoProps): React.ReactElement {
  return <Time at={at}>{children(useAgo(at))}</Time>;
}

/** For a time that is still to come. */
export function When({ at, children = said => said }: AgoProps): React.ReactElement {
  return <Time at={at}>{children(useWhen(at))}</Time>;
}

function Time({ at, children }: { at: string; children: string }): React.ReactElement {
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {children}
    </time>
  );
}
