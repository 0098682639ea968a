/** Deployment Details: names, image, texts. The model has a section of its own before it. */

import * as React from 'react';
import { useDeployments, useMount } from '../context';
import { useHost } from '../host';
import { missing } from './catalogue';
import { useIdCheck } from './checks';
import { Part, TextField } from './controls';
import { useForm } from './form';
import { isId, nameProblem } from './rules';
import { slug } from './slug';

export function DetailsSection(): React.ReactElement {
  const { trans } = useHost();
  const { catalogue } = useForm();
  return (
    <Part title={trans.__('Deployment Details')}>
      <NameField />
      <IdField />
      <div className="mdl-Part-pair">
        <TextField
          path="image"
          label={trans.__('Model Image')}
          code
          frozen={missing(catalogue, 'images')}
          help={trans.__('Optional: a container image that serves the model.')}
        />
        <TextField
          path="image_pull_secret"
          label={trans.__('Image Pull Secret')}
          code
          frozen={missing(catalogue, 'image_pull_secrets')}
        />
      </div>
      <TextField path="description" label={trans.__('Description')} rows={2} />
      <TextField
        path="message"
        label={trans.__('Update Message')}
        rows={1}
        help={trans.__('Why, for the history.')}
      />
    </Part>
  );
}

/** A name is unique in its group; who has it is known here. */
function NameField(): React.ReactElement {
  const { trans } = useHost();
  const { navigation } = useMount();
  const { deployments } = useDeployments();
  const { values, deployment } = useForm();
  const holder = deployments.find(
    each => each.spec.name === values.name && each.spec.group === values.group && each.id !== deployment?.id
  );
  return (
    <>
      <TextField
        path="name"
        label={trans.__('Deployment Name')}
        required
        warning={
          holder === undefined ? undefined : trans.__('%1 has this name in group %2', holder.id, values.group)
        }
      />
      {holder !== undefined && deployment === null && (
        <button
          type="button"
          className="mdl-Button mdl-mod-start"
          onClick={() => void navigation.go({ view: 'update', id: holder.id })}
        >
          {trans.__('Update %1 instead', holder.id)}
        </button>
      )}
    </>
  );
}

function IdField(): React.ReactElement {
  const { trans } = useHost();
  const { api } = useMount().store;
  const { values, deployment, set } = useForm();
  const generated = nameProblem(values.name, trans) === null ? slug(values.name) : '';
  const wanted = values.id === '' ? generated : values.id;
  const check = useIdCheck(api, deployment === null && isId(wanted) ? wanted : '');
  const taken = check?.available === false;
  const own = values.id !== '';
  if (deployment !== null) {
    return (
      <TextField
        path="id"
        label={trans.__('Deployment ID')}
        code
        frozen={trans.__(
          'It is in the URL that callers use, in the logs and in the tokens: it cannot change.'
        )}
      />
    );
  }
  return (
    <>
      <TextField
        path="id"
        label={trans.__('Deployment ID')}
        code
        shown={generated}
        warning={own && taken ? check.reason : undefined}
        onType={id => set({ id: id === generated ? '' : id })}
        help={
          taken && !own
            ? trans.__('%1 is taken: five characters will be added to it.', generated)
            : check?.available === true
              ? trans.__('It is free. It stands in the URL and cannot change later.')
              : trans.__('Made from the name. It stands in the URL and cannot change later.')
        }
      />
      {own && (
        <div className="mdl-Part-buttons">
          {taken && check.suggestion !== '' && (
            <button type="button" className="mdl-Button" onClick={() => set({ id: check.suggestion })}>
              {trans.__('Use %1', check.suggestion)}
            </button>
          )}
          <button type="button" className="mdl-Button" onClick={() => set({ id: '' })}>
            {trans.__('Make it from the name')}
          </button>
        </div>
      )}
    </>
  );
}
