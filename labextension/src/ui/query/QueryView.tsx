/** Ask a deployment: the request on one side, the answer and earlier queries on the other. */

import * as React from 'react';
import type { Deployment, Description } from '../../api/types';
import { useMount } from '../context';
import { useHost } from '../host';
import { Notice } from '../kit/Notice';
import { Problem } from '../kit/Problem';
import { useResource, type Resource } from '../resource';
import { AnswerView } from './AnswerView';
import { MovedNote } from './MovedNote';
import { PastQueries } from './PastQueries';
import { useKernelRow } from './prefill';
import { wanted } from './request';
import { RequestEditor } from './RequestEditor';
import { SendBar } from './SendBar';
import { sessionOf, type QuerySession, type SessionState } from './session';
import { Target } from './Target';
import { useSender } from './useSender';

export function QueryView({ deployment }: { deployment: Deployment }): React.ReactElement {
  const { store, place } = useMount();
  const { memory } = useHost();
  const { id, uid, status, resource_version } = deployment;
  const session = React.useMemo(
    () => sessionOf(store.api, memory, place, id, uid),
    [store.api, memory, place, id, uid]
  );
  const state = React.useSyncExternalStore(session.subscribe, session.state);
  const revision = state.draft?.revision ?? undefined;
  const serving = status.serving.map(each => `${each.revision}:${each.percent}`).join();
  const description = useResource(
    signal => store.api.describe(id, revision, signal),
    [store.api, id, revision, resource_version, status.state, serving]
  );
  React.useEffect(() => {
    if (description.value !== undefined) {
      session.describe(description.value);
    }
  }, [session, description.value]);
  return (
    <div className="mdl-QueryBox">
      <Content deployment={deployment} session={session} state={state} description={description} />
    </div>
  );
}

interface ContentProps {
  deployment: Deployment;
  session: QuerySession;
  state: SessionState;
  description: Resource<Description>;
}

function Content(props: ContentProps): React.ReactElement {
  const { trans } = useHost();
  const { session, state, description } = props;
  const { value, error } = description;
  if (value !== undefined && state.draft !== null) {
    return <Tester {...props} value={value} />;
  }
  if (error === null) {
    return <Notice busy title={trans.__('Asking the endpoint what it takes…')} />;
  }
  return (
    <Notice
      tone="warn"
      title={error.message}
      action={{ label: trans.__('Try again'), onClick: description.reload }}
    >
      {error.hint !== '' && <p>{error.hint}</p>}
      {state.draft?.revision !== null && state.draft !== null && (
        <button type="button" className="mdl-Button" onClick={() => session.edit({ revision: null })}>
          {trans.__('Ask as callers do')}
        </button>
      )}
      {state.draft !== null && <p>{trans.__('What was typed is kept.')}</p>}
    </Notice>
  );
}

function Tester(props: ContentProps & { value: Description }): React.ReactElement | null {
  const { trans } = useHost();
  const { deployment, session, state, description, value } = props;
  const { draft, answered, moved } = state;
  const kept = draft as NonNullable<typeof draft>;
  const now = React.useMemo(() => wanted(value, kept, trans), [value, kept, trans]);
  const sender = useSender(deployment, value, kept, now, session);
  useKernelRow(kept, now.layout, session);
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.stopPropagation();
      sender.send();
    }
  };
  return (
    <div className="mdl-Query">
      <section className="mdl-Query-request" aria-label={trans.__('Request')} onKeyDown={onKeyDown}>
        {description.error !== null && <Problem problem={description.error} />}
        {moved !== null && <MovedNote moved={moved} onClose={session.forgetMoved} />}
        <Target deployment={deployment} description={value} draft={kept} wanted={now} onEdit={session.edit} />
        <RequestEditor description={value} draft={kept} wanted={now} onEdit={session.edit} />
        <SendBar
          sender={sender}
          wanted={now}
          source={now.editor === 'json' && now.typed ? null : kept.source}
        />
      </section>
      <section className="mdl-Query-answer" aria-label={trans.__('Answer')} aria-busy={state.running}>
        {state.running && <Notice busy title={trans.__('Waiting for the answer…')} />}
        {answered === null ? (
          !state.running && (
            <p className="mdl-Query-note">
              {trans.__('The answer stands here, with its status and latency.')}
            </p>
          )
        ) : (
          <div className={state.running ? 'mdl-mod-faded' : undefined}>
            <AnswerView key={sender.turn} id={deployment.id} answered={answered} description={value} />
          </div>
        )}
        <PastQueries
          past={state.past}
          because={sender.blocked}
          onReplay={sender.replay}
          onEdit={sender.take}
          onClear={session.forgetPast}
        />
      </section>
    </div>
  );
}
