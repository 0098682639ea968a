/** The variables of the running kernel that hold models. */

import * as React from 'react';
import { useHost } from '../host';
import type { Kernel } from '../kernel';
import { RefreshIcon } from '../kit/icons';
import { Notice } from '../kit/Notice';
import { useResource } from '../resource';
import { useForm } from './form';

export function KernelDoor(): React.ReactElement {
  const { trans, kernel } = useHost();
  if (kernel === null) {
    return (
      <Notice title={trans.__('There is no kernel here')}>
        {trans.__('Open the notebook in which the model is, or choose a registered one.')}
      </Notice>
    );
  }
  return <Variables kernel={kernel} />;
}

function Variables({ kernel }: { kernel: Kernel }): React.ReactElement {
  const { trans } = useHost();
  const { values, choose } = useForm();
  const [turn, setTurn] = React.useState(0);
  React.useEffect(() => kernel.changed(() => setTurn(each => each + 1)), [kernel]);
  const found = useResource(async () => {
    const obstacle = await kernel.obstacle();
    return { obstacle, models: obstacle === null ? await kernel.models() : [] };
  }, [kernel, turn]);
  const models = found.value?.models ?? [];
  const obstacle = found.error?.message ?? found.value?.obstacle ?? null;
  const asked = values.variable;
  const list =
    asked === '' || models.some(each => each.name === asked)
      ? models
      : [{ name: asked, type: '' }, ...models];
  const group = React.useId();
  return (
    <>
      <div className="mdl-Pick-head">
        <span className="mdl-Field-help">{trans.__('Variables that hold models')}</span>
        <button
          type="button"
          className="mdl-IconButton"
          aria-label={trans.__('Refresh')}
          title={trans.__('Refresh')}
          onClick={found.reload}
        >
          <RefreshIcon />
        </button>
      </div>
      {found.value === undefined && found.error === null && (
        <Notice busy title={trans.__('Asking the kernel…')} />
      )}
      {obstacle !== null && <Notice tone="warn" title={obstacle} />}
      {obstacle === null && found.value !== undefined && list.length === 0 && (
        <Notice title={trans.__('No variable holds a model')}>
          {trans.__('Fit one in the notebook: whatever has a method predict is listed here.')}
        </Notice>
      )}
      {list.length > 0 && (
        <div className="mdl-Picks" role="radiogroup" aria-label={trans.__('Variables that hold models')}>
          {list.map(({ name, type }) => (
            <label key={name} className="mdl-Pick" title={type}>
              <input
                type="radio"
                name={group}
                checked={values.variable === name}
                onChange={() => choose({ variable: name })}
              />
              <span className="mdl-Pick-name mdl-mod-code">{name}</span>
              <span className="mdl-Pick-note">{type.split('.').pop()}</span>
            </label>
          ))}
        </div>
      )}
      <p className="mdl-Field-help">
        {trans.__('It is deployed by the line below, run in the kernel: only the kernel has the object.')}
      </p>
    </>
  );
}
