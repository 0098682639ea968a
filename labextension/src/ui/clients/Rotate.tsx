/** A new token for a client, and how long the old one goes on working. */

import * as React from 'react';
import { useHost } from '../host';
import { Field } from '../kit/Field';
import { rotateClient } from '../line/commands';
import { LineButton } from '../line/LineButton';

const HOUR = 3600;
const DAY = 24 * HOUR;

export interface RotateProps {
  id: string;
  name: string;
  onRotate: (overlap: number) => void;
}

export function Rotate({ id, name, onRotate }: RotateProps): React.ReactElement {
  const { trans } = useHost();
  const [overlap, setOverlap] = React.useState(DAY);
  const choices: [number, string][] = [
    [0, trans.__('No longer: it stops working at once')],
    [HOUR, trans.__('1 hour')],
    [DAY, trans.__('1 day')],
    [7 * DAY, trans.__('7 days')]
  ];
  return (
    <form
      className="mdl-Dialog-body"
      onSubmit={event => {
        event.preventDefault();
        onRotate(overlap);
      }}
    >
      <Field label={trans.__('The old token works for')}>
        {({ readOnly, ...control }) => (
          <select
            {...control}
            disabled={readOnly}
            className="mdl-Input"
            value={overlap}
            onChange={event => setOverlap(Number(event.target.value))}
          >
            {choices.map(([seconds, label]) => (
              <option key={seconds} value={seconds}>
                {label}
              </option>
            ))}
          </select>
        )}
      </Field>
      <div className="mdl-Dialog-foot">
        <LineButton
          command={rotateClient(id, name, overlap)}
          action={trans.__('Rotate the token of %1', name)}
        />
        <button type="submit" className="mdl-Button mdl-mod-primary">
          {trans.__('New token')}
        </button>
      </div>
    </form>
  );
}
