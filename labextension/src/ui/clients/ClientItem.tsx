/** One client: since when, when it last called, its tokens, and a new one or none any more. */

import * as React from 'react';
import type { Client } from '../../api/types';
import { useHost } from '../host';
import { Ago, When } from '../kit/Ago';
import { DeleteIcon, RefreshIcon } from '../kit/icons';
import { TwoStepButton } from '../kit/TwoStepButton';
import { removeClient } from '../line/commands';
import { LineButton } from '../line/LineButton';
import { Popover } from '../kit/Popover';
import { Rotate } from './Rotate';

export interface ClientItemProps {
  id: string;
  client: Client;
  frozen: string | undefined;
  onRotate: (overlap: number) => void;
  onRemove: () => void;
}

export function ClientItem({ id, client, frozen, onRotate, onRemove }: ClientItemProps): React.ReactElement {
  const { trans } = useHost();
  const { name } = client;
  return (
    <li className="mdl-Client">
      <div className="mdl-Client-head">
        <h4 title={name}>{name}</h4>
        <span className="mdl-Actions">
          <Popover
            label={trans.__('Rotate the token of %1', name)}
            disabledBecause={frozen}
            button={
              <>
                <RefreshIcon />
                {trans.__('Rotate')}
              </>
            }
          >
            {close => (
              <Rotate
                id={id}
                name={name}
                onRotate={overlap => {
                  close();
                  onRotate(overlap);
                }}
              />
            )}
          </Popover>
          <span className="mdl-Action">
            <TwoStepButton
              label={trans.__('Delete')}
              question={trans.__('Delete it?')}
              ariaLabel={trans.__('Delete %1', name)}
              ariaQuestion={trans.__('Really delete %1? Its tokens stop working', name)}
              icon={<DeleteIcon />}
              disabledBecause={frozen}
              onConfirm={onRemove}
            />
            <LineButton command={removeClient(id, name)} action={trans.__('Delete %1', name)} />
          </span>
        </span>
      </div>
      <p className="mdl-Client-facts">
        <Ago at={client.created_at}>{ago => trans.__('Created %1 by %2', ago, client.created_by)}</Ago>
        <LastUse at={client.last_used_at} />
      </p>
      <Secrets client={client} />
    </li>
  );
}

function LastUse({ at }: { at: string | null }): React.ReactElement {
  const { trans } = useHost();
  return at === null ? (
    <span>{trans.__('Never used')}</span>
  ) : (
    <Ago at={at}>{ago => trans.__('Last used %1', ago)}</Ago>
  );
}

/** Each token by its public part: which one is new, which one ends, and whether anybody still uses it. */
function Secrets({ client }: { client: Client }): React.ReactElement | null {
  const { trans } = useHost();
  return (
    <ul className="mdl-Secrets" aria-label={trans.__('Tokens of %1', client.name)}>
      {client.secrets.map(secret => (
        <li key={secret.key_id}>
          <code>{secret.key_id}</code>
          <Ago at={secret.created_at}>{ago => trans.__('Created %1', ago)}</Ago>
          {secret.expires_at === null ? (
            <span>{trans.__('Does not expire')}</span>
          ) : (
            <span className="mdl-Secrets-ends">
              <When at={secret.expires_at}>{when => trans.__('Expires %1', when)}</When>
            </span>
          )}
          <LastUse at={secret.last_used_at} />
        </li>
      ))}
    </ul>
  );
}
