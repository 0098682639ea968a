/** A choice of a few, beside each other: radio buttons that look like one switch. */

import * as React from 'react';

export interface Segment<T extends string> {
  id: T;
  label: string;
  /** Why it cannot be chosen now. */
  because?: string | undefined;
}

export interface SegmentsProps<T extends string> {
  label: string;
  segments: readonly Segment<T>[];
  chosen: T;
  onChoose: (id: T) => void;
}

export function Segments<T extends string>(props: SegmentsProps<T>): React.ReactElement {
  const name = React.useId();
  return (
    <div role="radiogroup" aria-label={props.label} className="mdl-Segments">
      {props.segments.map(({ id, label, because }) => (
        <label key={id} className="mdl-Segment" title={because} data-off={because !== undefined}>
          <input
            type="radio"
            name={name}
            value={id}
            checked={id === props.chosen}
            aria-disabled={because !== undefined}
            onChange={() => because === undefined && props.onChoose(id)}
          />
          <span>{label}</span>
        </label>
      ))}
    </div>
  );
}
