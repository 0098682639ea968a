/** Where the model comes from: the registry, the running kernel, or a path. */

import * as React from 'react';
import { useHost } from '../host';
import { Tabs } from '../kit/Tabs';
import { Part, TextField } from './controls';
import { useForm } from './form';
import { KernelDoor } from './KernelDoor';
import { RegistryDoor } from './RegistryDoor';

export function ModelPicker(): React.ReactElement {
  const { trans } = useHost();
  const { values, set, choose, problem, deployment } = useForm();
  const error = problem('model');
  const id = React.useId();
  return (
    <Part title={trans.__('Model')}>
      {deployment !== null && (
        <p className="mdl-Field-help mdl-Wrap">
          {trans.__(
            'Revision %1 runs %2',
            deployment.status.revision,
            described(deployment.spec.template.model)
          )}
        </p>
      )}
      <div
        className={`mdl-Picker${error === undefined ? '' : ' mdl-mod-invalid'}`}
        data-path="model"
        aria-describedby={error === undefined ? undefined : id}
        role="group"
        aria-label={trans.__('Model')}
      >
        <Tabs
          label={trans.__('Where the model is')}
          tabs={[
            { id: 'registered', label: trans.__('Registered') },
            { id: 'kernel', label: trans.__('Kernel') },
            { id: 'path', label: trans.__('Path') }
          ]}
          chosen={values.door}
          onChoose={door => set({ door })}
        >
          <div className="mdl-Picker-door">
            {values.door === 'registered' && <RegistryDoor />}
            {values.door === 'kernel' && <KernelDoor />}
            {values.door === 'path' && (
              <TextField
                path="path"
                label={trans.__('Path or URI')}
                placeholder={trans.__('runs:/…/model')}
                onType={path => choose({ path })}
                code
                help={trans.__(
                  'A directory that holds an MLmodel file, or runs:/, models:/, s3:/ and the like.'
                )}
              />
            )}
          </div>
        </Tabs>
      </div>
      {error !== undefined && (
        <div id={id} className="mdl-Field-error" role="alert">
          {error}
        </div>
      )}
    </Part>
  );
}

function described({ uri, requested }: { uri: string; requested: string }): string {
  return requested === '' || requested === uri ? uri : `${uri} (${requested})`;
}
