/** One field and one button: a new client by its name. */

import * as React from 'react';
import type { Client } from '../../api/types';
import { useHost, type Translator } from '../host';
import { Field } from '../kit/Field';
import { AddIcon } from '../kit/icons';
import { addClient } from '../line/commands';
import { LineButton } from '../line/LineButton';

const NAME = /^[a-z_][a-z0-9_-]*$/;

export interface AddClientProps {
  id: string;
  taken: readonly Client[];
  frozen: string | undefined;
  /** Resolves to whether it was added. */
  onAdd: (name: string) => Promise<boolean>;
}

function mistake(name: string, taken: readonly Client[], trans: Translator): string {
  if (name === '') {
    return '';
  }
  if (!NAME.test(name)) {
    return trans.__(
      'Small letters, digits, “_” and “-”, beginning with a letter or “_”: for example web_shop'
    );
  }
  return taken.some(each => each.name === name)
    ? trans.__('There is a client of this name; rotate its token instead')
    : '';
}

export function AddClient({ id, taken, frozen, onAdd }: AddClientProps): React.ReactElement {
  const { trans } = useHost();
  const [name, setName] = React.useState('');
  const [busy, setBusy] = React.useState(false);
  const error = mistake(name, taken, trans);
  const because =
    frozen ??
    (busy
      ? trans.__('In progress')
      : name === ''
        ? trans.__('Give it a name first')
        : error === ''
          ? undefined
          : error);
  return (
    <form
      className="mdl-AddClient"
      onSubmit={event => {
        event.preventDefault();
        if (because === undefined) {
          setBusy(true);
          void onAdd(name)
            .then(added => added && setName(''))
            .finally(() => setBusy(false));
        }
      }}
    >
      <Field
        label={trans.__('Client Name')}
        error={error}
        help={trans.__('The model sees it in X-Forwarded-User.')}
      >
        {control => (
          <input
            {...control}
            className="mdl-Input"
            value={name}
            maxLength={64}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            onChange={event => setName(event.target.value)}
          />
        )}
      </Field>
      <span className="mdl-Action">
        <button
          type="submit"
          className="mdl-Button mdl-mod-primary"
          aria-disabled={because !== undefined}
          title={because}
        >
          <AddIcon />
          {trans.__('Add client')}
        </button>
        <LineButton
          command={addClient(id, error === '' && name !== '' ? name : 'web')}
          action={trans.__('Add client')}
        />
      </span>
    </form>
  );
}
