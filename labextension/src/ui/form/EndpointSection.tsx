/** Endpoint: who may call, and by which name in the path. */

import * as React from 'react';
import { useMount } from '../context';
import { useHost } from '../host';
import { useApiNameCheck } from './checks';
import { Part, SwitchField, TextField } from './controls';
import { useForm } from './form';
import { isApiName } from './rules';

export function EndpointSection(): React.ReactElement {
  const { trans } = useHost();
  const { api } = useMount().store;
  const { values, edit, deployment, set } = useForm();
  const name = values.api_name;
  const own = deployment !== null && name === edit.base.api_name;
  const check = useApiNameCheck(api, values.group, own || !isApiName(name) ? '' : name);
  const free = check?.available === true;
  const suggestion = check?.suggestion ?? '';
  return (
    <Part title={trans.__('Endpoint')}>
      <SwitchField
        path="private"
        label={trans.__('Private Access')}
        help={
          values.private
            ? trans.__('Callers need a token: add them under Clients.')
            : trans.__('Everybody who reaches the gateway may call it, without a token.')
        }
      />
      <TextField
        path="api_name"
        label={trans.__('API name')}
        code
        warning={check !== undefined && !free ? check.reason : undefined}
        help={
          <>
            {name === '' || !isApiName(name)
              ? trans.__(
                  'Optional: a name in the path, unique in the group, that can move to another deployment.'
                )
              : trans.__('Path: %1', `/api/${values.group}/${name}/…`)}
            {free && ` ${trans.__('It is free.')}`}
          </>
        }
      />
      {!free && suggestion !== '' && (
        <button
          type="button"
          className="mdl-Button mdl-mod-start"
          onClick={() => set({ api_name: suggestion })}
        >
          {trans.__('Use %1', suggestion)}
        </button>
      )}
    </Part>
  );
}
