/** `View`: the metadata of a deployment, under the pointer, by keyboard and by click. */

import * as React from 'react';
import { useHost } from '../host';
import { Popover } from '../kit/Popover';

export interface MetadataProps {
  name: string;
  /** Missing in the pictures of older notebooks. */
  metadata: Readonly<Record<string, string>> | undefined;
}

export function Metadata({ name, metadata }: MetadataProps): React.ReactElement {
  const { trans } = useHost();
  const pairs = Object.entries(metadata ?? {});
  if (pairs.length === 0) {
    return <span className="mdl-Soft">{trans.__('None')}</span>;
  }
  return (
    <Popover
      hover
      className="mdl-LinkButton"
      label={trans.__('Metadata of %1', name)}
      button={trans.__('View')}
    >
      {() => (
        <dl className="mdl-Pairs" tabIndex={0} aria-label={trans.__('Metadata')}>
          {pairs.map(([key, value]) => (
            <React.Fragment key={key}>
              <dt dir="auto">{key}</dt>
              <dd dir="auto">{value}</dd>
            </React.Fragment>
          ))}
        </dl>
      )}
    </Popover>
  );
}
