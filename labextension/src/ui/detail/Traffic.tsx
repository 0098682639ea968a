/** Which revisions answer, and how much of the traffic each gets. */

import * as React from 'react';
import type { Deployment } from '../../api/types';
import { useHost } from '../host';
import { Section } from '../kit/Section';
import * as commands from '../line/commands';
import { LineButton } from '../line/LineButton';

export function Traffic({ deployment }: { deployment: Deployment }): React.ReactElement | null {
  const { trans } = useHost();
  const { id, spec, status } = deployment;
  if (status.serving.length === 0) {
    return null;
  }
  const shares = Object.fromEntries(status.serving.map(target => [target.revision, target.percent]));
  return (
    <Section
      title={trans.__('Traffic')}
      actions={
        <LineButton
          command={commands.traffic(id, shares)}
          action={trans.__('Split the traffic of %1', spec.name)}
        />
      }
    >
      <ul className="mdl-Traffic">
        {status.serving.map(({ revision, percent, tag }) => (
          <li key={revision}>
            <span>
              {trans.__('Revision %1', revision)}
              {tag !== '' && <span className="mdl-Soft"> {tag}</span>}
            </span>
            <span className="mdl-Phase-track" aria-hidden="true">
              <span className="mdl-Phase-bar" style={{ insetInlineStart: 0, inlineSize: `${percent}%` }} />
            </span>
            <span className="mdl-Phase-time">{percent}&#x202f;%</span>
          </li>
        ))}
      </ul>
      <p className="mdl-Hint">
        {spec.traffic === null
          ? trans.__('Everything goes to the newest revision that is ready.')
          : trans.__('As it was set: a new revision gets nothing by itself.')}
      </p>
    </Section>
  );
}
