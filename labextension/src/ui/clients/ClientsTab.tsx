/** The tab Clients: who may call a private deployment, and with which tokens. */

import * as React from 'react';
import type { Client, Deployment, ErrorBody, NewToken } from '../../api/types';
import { useDeployments, useFrozen, useMount } from '../context';
import { reachable } from '../endpoint';
import { useHost } from '../host';
import { CopyButton } from '../kit/CopyButton';
import { RefreshIcon } from '../kit/icons';
import { Notice } from '../kit/Notice';
import { Problem } from '../kit/Problem';
import { useResource } from '../resource';
import { errorBody } from '../store';
import { AddClient } from './AddClient';
import { ClientItem } from './ClientItem';
import { curlOf } from './curl';
import { TokenDialog } from './TokenDialog';

export default function ClientsTab({ deployment }: { deployment: Deployment }): React.ReactElement {
  const { store } = useMount();
  const { id } = deployment;
  const state = useDeployments();
  const frozen = useFrozen();
  const clients = useResource(
    signal => store.api.clients(id, signal),
    [store, id, state.events.get(id), state.freshness]
  );
  // The only place that holds a token, and only until its dialog is closed.
  const [issued, setIssued] = React.useState<NewToken | null>(null);
  const [refusal, setRefusal] = React.useState<ErrorBody | null>(null);
  const attempt = async (work: () => Promise<NewToken | undefined>): Promise<boolean> => {
    setRefusal(null);
    try {
      const token = await work();
      setIssued(token ?? null);
      clients.reload();
      return true;
    } catch (error) {
      setRefusal(errorBody(error));
      return false;
    }
  };
  return (
    <div className="mdl-Clients">
      <AddClient
        id={id}
        taken={clients.value ?? []}
        frozen={frozen}
        onAdd={name => attempt(() => store.api.addClient(id, name))}
      />
      {refusal !== null && <Problem alert problem={refusal} />}
      <List
        deployment={deployment}
        clients={clients.value}
        error={clients.error}
        frozen={frozen}
        onReload={clients.reload}
        onRotate={(name, overlap) => void attempt(() => store.api.rotateClient(id, name, overlap))}
        onRemove={name => void attempt(() => store.api.removeClient(id, name).then(() => undefined))}
      />
      {issued !== null && (
        <TokenDialog deployment={deployment} issued={issued} onClose={() => setIssued(null)} />
      )}
    </div>
  );
}

interface ListProps {
  deployment: Deployment;
  clients: Client[] | undefined;
  error: ErrorBody | null;
  frozen: string | undefined;
  onReload: () => void;
  onRotate: (name: string, overlap: number) => void;
  onRemove: (name: string) => void;
}

function List(props: ListProps): React.ReactElement {
  const { trans } = useHost();
  const { clients, error, onReload } = props;
  if (clients === undefined) {
    return error === null ? (
      <Notice busy title={trans.__('Loading clients…')} />
    ) : (
      <Problem problem={error}>
        <button type="button" className="mdl-Button" onClick={onReload}>
          {trans.__('Try again')}
        </button>
      </Problem>
    );
  }
  if (clients.length === 0) {
    return <NoClients deployment={props.deployment} />;
  }
  return (
    <>
      <div className="mdl-Clients-head">
        <h3>{trans._n('%1 client', '%1 clients', clients.length)}</h3>
        <button
          type="button"
          className="mdl-IconButton"
          aria-label={trans.__('Refresh')}
          title={trans.__('Refresh: the last use is not told by itself')}
          onClick={onReload}
        >
          <RefreshIcon />
        </button>
      </div>
      {error !== null && <Problem problem={error} />}
      <ul className="mdl-Clients-list" aria-label={trans.__('Clients')}>
        {clients.map(client => (
          <ClientItem
            key={client.name}
            id={props.deployment.id}
            client={client}
            frozen={props.frozen}
            onRotate={overlap => props.onRotate(client.name, overlap)}
            onRemove={() => props.onRemove(client.name)}
          />
        ))}
      </ul>
    </>
  );
}

function NoClients({ deployment }: { deployment: Deployment }): React.ReactElement {
  const { trans, endpointBase } = useHost();
  const { url } = reachable(deployment, endpointBase);
  const example = curlOf(url, '-u web');
  return (
    <Notice title={trans.__('No clients yet')}>
      <p>
        {trans.__(
          'The endpoint is private: besides its owners it answers only clients, and 401 to everybody else. Add one for each program that calls it. A client called web then calls it like this, and curl asks for the token:'
        )}
      </p>
      <div className="mdl-Command">
        <code className="mdl-Code">{example}</code>
        <CopyButton text={example} label={trans.__('Copy')} />
      </div>
    </Notice>
  );
}
