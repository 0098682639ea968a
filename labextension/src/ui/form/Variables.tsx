/** The three sets of names and values: variables, references to secrets, metadata. */

import * as React from 'react';
import { useHost } from '../host';
import { PairsField } from './PairsField';

export function Variables(): React.ReactElement {
  const { trans } = useHost();
  return (
    <>
      <PairsField
        path="env"
        title={trans.__('Environment variables')}
        note={trans.__('Seen by the model, and shown in the history.')}
        add={trans.__('Add variable')}
        placeholder={[trans.__('NAME'), trans.__('value')]}
      />
      <PairsField
        path="secret_env"
        title={trans.__('Secret references')}
        note={trans.__(
          'Variables whose value the engine reads when it starts the model; only the reference is kept.'
        )}
        add={trans.__('Add secret')}
        placeholder={[trans.__('NAME'), trans.__('env:NAME or file:PATH')]}
      />
    </>
  );
}

export function Metadata(): React.ReactElement {
  const { trans } = useHost();
  return (
    <PairsField
      path="metadata"
      title={trans.__('Metadata')}
      note={trans.__('Names and values of your own; they change in place.')}
      add={trans.__('Add metadata')}
      placeholder={[trans.__('Name'), trans.__('Value')]}
    />
  );
}
