/** Environment Settings: group, instance type, replicas, and what that takes of the quota. */

import * as React from 'react';
import type { Group, InstanceType } from '../../api/types';
import { useHost, type Translator } from '../host';
import { Problem } from '../kit/Problem';
import { missing } from './catalogue';
import { Part, SelectField, TextField } from './controls';
import { useForm } from './form';
import { overQuota, QuotaNote, roomsOf } from './QuotaNote';
import { sizeOf } from './words';

export function EnvironmentSection(): React.ReactElement {
  const { trans } = useHost();
  const form = useForm();
  const { catalogue, deployment, values } = form;
  const none = noGroup(form);
  const found = roomsOf(form);
  const over = overQuota(found, values.group, trans);
  const first = found?.find(each => each.over)?.resource;
  return (
    <Part title={trans.__('Environment Settings')}>
      {catalogue.error !== null && (
        <Problem problem={catalogue.error}>
          <button type="button" className="mdl-Button" onClick={catalogue.reload}>
            {trans.__('Try again')}
          </button>
        </Problem>
      )}
      {none && (
        <Problem
          alert
          problem={{
            message: trans.__('No group is configured for you to launch a server. Please contact admin.'),
            hint: ''
          }}
        />
      )}
      <SelectField
        path="group"
        label={trans.__('Group')}
        required
        frozen={
          deployment === null
            ? undefined
            : trans.__(
                'Its quota, its members and the URL of its API name belong to the group: it cannot change.'
              )
        }
        warning={first === 'deployments' ? over : undefined}
        options={catalogue.groups.map(each => ({
          value: each.name,
          label: groupLabel(each, trans),
          disabled: !each.enabled
        }))}
      />
      <div className="mdl-Part-pair">
        <SelectField
          path="instance_type"
          label={trans.__('Instance Type')}
          required
          help={described(catalogue.types.find(each => each.name === values.instance_type))}
          options={catalogue.types.map(each => ({ value: each.name, label: sizeOf(each) }))}
        />
        <div className="mdl-Part-pair mdl-mod-tight">
          <TextField
            path="replicas"
            label={trans.__('Replicas')}
            numeric
            required
            warning={first === 'deployments' ? undefined : over}
          />
          <TextField
            path="max_replicas"
            label={trans.__('At most')}
            numeric
            help={trans.__('Empty: no range.')}
            frozen={missing(catalogue, 'replica_ranges')}
          />
        </div>
      </div>
      <QuotaNote />
    </Part>
  );
}

/** Whether the server has said that there is no group in which something may start. */
export function noGroup({ catalogue, deployment }: ReturnType<typeof useForm>): boolean {
  return deployment === null && catalogue.loaded && !catalogue.groups.some(each => each.enabled);
}

/** What the size does not say by itself. */
function described(type: InstanceType | undefined): string | undefined {
  return type === undefined || type.description === '' || sizeOf(type).includes(type.description)
    ? undefined
    : type.description;
}

function groupLabel({ name, title, enabled }: Group, trans: Translator): string {
  const label = title === '' || title === name ? name : `${title} (${name})`;
  return enabled ? label : trans.__('%1: model deployment is not enabled', label);
}
