/** What is free in the group, what this would take, and what remains. */

import * as React from 'react';
import { useHost, type Translator } from '../host';
import type { Form } from './form';
import { useForm } from './form';
import { needs, rooms, type Room, type Size } from './quota';
import type { FormValues } from './values';
import { amount, resourceWord } from './words';

/** Rooms of the chosen group; null while group or sizes are not known. */
export function roomsOf({
  values,
  catalogue,
  deployment
}: Pick<Form, 'values' | 'catalogue' | 'deployment'>): Room[] | null {
  const group = catalogue.groups.find(each => each.name === values.group);
  if (group === undefined || catalogue.types.length === 0) {
    return null;
  }
  const stopped = deployment?.spec.stopped === true;
  const own = deployment === null ? undefined : needs(ownSize(deployment.spec), catalogue.types);
  return rooms(group, needs({ ...sizeIn(values), stopped: stopped && !values.start }, catalogue.types), own);
}

function sizeIn(values: FormValues): Omit<Size, 'stopped'> {
  const replicas = Math.max(Number(values.replicas), Number(values.max_replicas || 0));
  return { instance_type: values.instance_type, replicas };
}

function ownSize(spec: NonNullable<Form['deployment']>['spec']): Size {
  return {
    instance_type: spec.template.instance_type,
    replicas: Math.max(spec.replicas, spec.max_replicas ?? 0),
    stopped: spec.stopped
  };
}

/** The first resource of which there is too little, in a sentence: as the server would refuse it. */
export function overQuota(found: Room[] | null, group: string, trans: Translator): string | undefined {
  const over = found?.find(each => each.over);
  return over?.limit === undefined
    ? undefined
    : trans.__(
        'group %1 has a quota of %2 %3: %4 used, %5 wanted',
        group,
        amount(over.resource, over.limit),
        resourceWord(over.resource, trans),
        amount(over.resource, over.used),
        amount(over.resource, over.wanted)
      );
}

export function QuotaNote(): React.ReactElement | null {
  const { trans } = useHost();
  const form = useForm();
  const found = roomsOf(form);
  if (found === null) {
    return null;
  }
  if (found.length === 0) {
    return <p className="mdl-Field-help">{trans.__('A stopped deployment takes nothing of the quota.')}</p>;
  }
  if (found.every(each => each.limit === undefined)) {
    const takes = found
      .filter(each => each.resource !== 'deployments')
      .map(
        each =>
          `${amount(each.resource, each.wanted)}${each.resource === 'memory' ? '' : ` ${resourceWord(each.resource, trans)}`}`
      );
    return takes.length === 0 ? null : (
      <p className="mdl-Field-help">
        {trans.__('Takes %1. Group %2 has no quota.', takes.join(', '), form.values.group)}
      </p>
    );
  }
  return (
    <table className="mdl-Quota">
      <caption className="mdl-Field-help">{trans.__('Quota of group %1', form.values.group)}</caption>
      <thead>
        <tr>
          <th scope="col">{trans.__('Resource')}</th>
          <th scope="col">{trans.__('Free')}</th>
          <th scope="col">{trans.__('This')}</th>
          <th scope="col">{trans.__('Remains')}</th>
        </tr>
      </thead>
      <tbody>
        {found.map(each => (
          <tr key={each.resource} className={each.over ? 'mdl-mod-over' : undefined}>
            <th scope="row">{resourceWord(each.resource, trans)}</th>
            <td>{each.free === undefined ? trans.__('no limit') : amount(each.resource, each.free)}</td>
            <td>{amount(each.resource, each.wanted)}</td>
            <td>
              {each.over
                ? trans.__('too little')
                : each.left === undefined
                  ? ''
                  : amount(each.resource, each.left)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
