/** Where a request goes: in which dialect, to which revision. */

import * as React from 'react';
import type { Deployment, Description } from '../../api/types';
import { useHost } from '../host';
import { Field, plainControl } from '../kit/Field';
import type { Draft } from './draft';
import type { Wanted } from './request';

export interface TargetProps {
  deployment: Deployment;
  description: Description;
  draft: Draft;
  wanted: Wanted;
  onEdit: (change: Partial<Draft>) => void;
}

export function Target({ deployment, description, draft, wanted, onEdit }: TargetProps): React.ReactElement {
  const { trans } = useHost();
  const { dialect } = wanted;
  const revisions = revisionsOf(deployment, draft.revision);
  return (
    <div className="mdl-Query-fields">
      <Field label={trans.__('Dialect')}>
        {control => (
          <select
            {...plainControl(control)}
            className="mdl-Input"
            title={dialect?.path}
            value={dialect?.name ?? ''}
            onChange={event => onEdit({ dialect: event.target.value })}
          >
            {description.dialects.map(each => (
              <option key={each.name} value={each.name}>
                {each.title}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={trans.__('Revision')}>
        {control => (
          <select
            {...plainControl(control)}
            className="mdl-Input"
            value={draft.revision ?? ''}
            onChange={event =>
              onEdit({ revision: event.target.value === '' ? null : Number(event.target.value) })
            }
          >
            <option value="">{trans.__('As callers get it')}</option>
            {revisions.map(each => (
              <option key={each.revision} value={each.revision}>
                {each.percent === null
                  ? trans.__('Revision %1', each.revision)
                  : trans.__('Revision %1, %2 % of the traffic', each.revision, each.percent)}
              </option>
            ))}
          </select>
        )}
      </Field>
    </div>
  );
}

interface Served {
  revision: number;
  percent: number | null;
}

/** The revisions that serve, and the newest one; the chosen one stays even when it does not. */
function revisionsOf({ status }: Deployment, chosen: number | null): Served[] {
  const served = new Map<number, number | null>(status.serving.map(each => [each.revision, each.percent]));
  for (const each of [status.revision, chosen]) {
    if (each !== null && !served.has(each)) {
      served.set(each, null);
    }
  }
  return [...served]
    .map(([revision, percent]) => ({ revision, percent }))
    .sort((a, b) => b.revision - a.revision);
}
