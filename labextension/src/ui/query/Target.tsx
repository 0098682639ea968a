/** Where a request goes: in which dialect, to which revision, as one table or as named inputs. */

import * as React from 'react';
import type { Deployment, Description } from '../../api/types';
import { useHost } from '../host';
import { Field, plainControl } from '../kit/Field';
import { Segments } from '../kit/Segments';
import { columnText, type Draft } from './draft';
import { inputsOf } from './layout';
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
  const { layout, dialect, io, formed } = wanted;
  const revisions = revisionsOf(deployment, draft.revision);
  const inputs = inputsOf(layout);
  const single =
    layout.kind === 'inputs' ? trans.__('Its inputs share no rows: each has its own editor') : undefined;
  const multi =
    inputs.length === 0
      ? trans.__('The model’s inputs have no names')
      : dialect?.multi_io === true && formed
        ? undefined
        : trans.__('This dialect takes one table');
  const choose = (next: 'single' | 'multi'): void => {
    const fill =
      next === 'multi' && layout.kind === 'table'
        ? { inputs: Object.fromEntries(inputs.map(each => [each.key, columnText(draft.rows, each)])) }
        : {};
    onEdit({ io: next, json: {}, editor: 'form', ...fill });
  };
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
      {layout.kind !== 'none' && (
        <Segments
          label={trans.__('Query type')}
          segments={[
            { id: 'single', label: trans.__('Single I/O'), because: single },
            { id: 'multi', label: trans.__('Multi I/O'), because: multi }
          ]}
          chosen={io}
          onChoose={choose}
        />
      )}
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
