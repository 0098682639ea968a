/** Sending what is typed, sending an old query again, and why neither can be done. */

import * as React from 'react';
import type { Deployment, Description } from '../../api/types';
import { useDeployments } from '../context';
import { reachable } from '../endpoint';
import { useHost } from '../host';
import { rowsOf } from './body';
import type { Draft } from './draft';
import type { PastQuery } from './past';
import type { Wanted } from './request';
import type { QuerySession, Sent } from './session';
import type { Call } from './snippets';

export interface Sender {
  send: () => void;
  cancel: () => void;
  replay: (query: PastQuery) => void;
  /** Take an old query's body into the editor. */
  take: (query: PastQuery) => void;
  setFile: (base64: string | null) => void;
  /** Why what is typed cannot be sent. */
  because: string | undefined;
  /** Why nothing at all can be sent. */
  blocked: string | undefined;
  running: boolean;
  call: Call;
  /** Grows with every request. */
  turn: number;
}

/** Seconds that the way to the model may take besides the model itself. */
const WAY = 5;

export function useSender(
  deployment: Deployment,
  description: Description,
  draft: Draft,
  now: Wanted,
  session: QuerySession
): Sender {
  const { trans, kernel, endpointBase } = useHost();
  const { server } = useDeployments();
  const { running } = React.useSyncExternalStore(session.subscribe, session.state);
  const [file, setFile] = React.useState<string | null>(null);
  const [turn, setTurn] = React.useState(0);
  const { dialect, editor, body, typed, fault } = now;
  const blocked =
    server?.canWrite === false ? trans.__('You may look at deployments here but not ask them') : undefined;
  const nothing = dialect?.binary === true && file === null ? trans.__('Choose a file first') : undefined;
  const because = blocked ?? fault ?? nothing;
  const contentType = dialect?.content_types[0] ?? 'application/json';
  const run = (sent: Sent): void => {
    setTurn(each => each + 1);
    void session.send(sent, description.predict_timeout + WAY, kernel);
  };
  const send = (): void => {
    if (because !== undefined || running) {
      return;
    }
    const own = editor === 'json' && typed ? null : draft.source;
    run({
      dialect: dialect?.name ?? 'invocations',
      io: now.io,
      revision: draft.revision,
      body: dialect?.binary === true ? '' : body,
      contentType,
      source: own,
      model: own === null ? '' : draft.model,
      method: description.method,
      ...(dialect?.binary === true && file !== null ? { base64: file } : {})
    });
  };
  const replay = (query: PastQuery): void => {
    if (query.body !== null && blocked === undefined && !running) {
      const { io, revision } = query;
      const plain = { contentType: 'application/json', source: null, model: '', method: description.method };
      run({ dialect: query.dialect, io, revision, body: query.body, ...plain });
    }
  };
  const take = ({ body: old, dialect: name, revision, io }: PastQuery): void => {
    if (old === null) {
      return;
    }
    const { layout } = now;
    const rows =
      layout.kind === 'table' && io === 'single' && name === 'invocations' ? rowsOf(old, layout) : null;
    const target = { dialect: name, revision, io, source: null };
    session.edit(
      rows === null
        ? { ...target, editor: 'json', json: { ...draft.json, [name]: old } }
        : { ...target, rows, origin: 'typed', editor: rows.length > 1 ? 'grid' : 'form', json: {} }
    );
  };
  const { url } = reachable(deployment, endpointBase);
  const tail = draft.revision === null ? '' : `/revision/${draft.revision}`;
  const call: Call = {
    id: deployment.id,
    url: url + tail,
    path: dialect?.path ?? '/invocations',
    public: deployment.spec.public,
    dialect: dialect?.name ?? 'invocations',
    revision: draft.revision,
    contentType,
    body
  };
  return { send, cancel: session.cancel, replay, take, setFile, because, blocked, running, call, turn };
}
