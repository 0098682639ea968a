/** One deployment: what it is, how it is, where it is, and what can be done with it. */

import * as React from 'react';
import type { Deployment, ErrorBody } from '../../api/types';
import { CopyUrl } from '../kit/CopyUrl';
import { reachable } from '../endpoint';
import { useHost } from '../host';
import { StartIcon, StopIcon, WarningIcon } from '../kit/icons';
import { StateChip } from '../kit/StateChip';
import type { Verb } from '../store';
import { useAgo } from '../time';
import { TwoStepButton } from '../kit/TwoStepButton';

export interface CardProps {
  deployment: Deployment;
  /** What is shown was true when the connection was last there. */
  old: boolean;
  pending?: Verb;
  refusal?: ErrorBody;
  /** Why nothing can be changed here; undefined when it can. */
  readOnly?: string;
  headingLevel?: 3 | 4;
  onAct: (id: string, verb: Verb) => void;
  /** Shows its details, where there is a place for them. */
  onOpen?: (id: string) => void;
}

export const DeploymentCard = React.memo(function DeploymentCard(props: CardProps): React.ReactElement {
  const { deployment, old } = props;
  const { trans } = useHost();
  const { spec, status } = deployment;
  const Heading = `h${props.headingLevel ?? 3}` as const;
  const updated = useAgo(deployment.updated_at);
  return (
    <article
      className={`mdl-Card${old ? ' mdl-mod-old' : ''}`}
      aria-label={trans.__('Deployment %1', spec.name)}
      data-id={deployment.id}
    >
      <header className="mdl-Card-head">
        <Heading className="mdl-Card-name" title={spec.name}>
          {props.onOpen === undefined ? (
            spec.name
          ) : (
            <button type="button" className="mdl-Card-open" onClick={() => props.onOpen?.(deployment.id)}>
              {spec.name}
            </button>
          )}
        </Heading>
        <StateChip state={status.state} />
      </header>
      <Facts deployment={deployment} />
      <Endpoint deployment={deployment} />
      <Trouble deployment={deployment} refusal={props.refusal} />
      <footer className="mdl-Card-foot">
        <span className="mdl-Card-updated" title={new Date(deployment.updated_at).toLocaleString()}>
          {trans.__('%1 by %2', updated, deployment.updated_by)}
        </span>
        <Actions {...props} />
      </footer>
    </article>
  );
});

function Facts({ deployment }: { deployment: Deployment }): React.ReactElement {
  const { trans } = useHost();
  const { spec, status } = deployment;
  const { ready, wanted } = status.replicas;
  const model = spec.template.model.requested || spec.template.model.uri;
  return (
    <dl className="mdl-Facts">
      <dt>{trans.__('Model')}</dt>
      <dd title={spec.template.model.uri}>{model}</dd>
      <dt>{trans.__('Replicas')}</dt>
      <dd>
        {trans.__('%1 of %2 ready', ready, wanted)}
        {status.health === 'unhealthy' && status.state === 'deployed' && <> · {trans.__('Unhealthy')}</>}
      </dd>
      <dt>{trans.__('Group')}</dt>
      <dd>{spec.group}</dd>
    </dl>
  );
}

function Endpoint({ deployment }: { deployment: Deployment }): React.ReactElement {
  const { trans, endpointBase } = useHost();
  const { url, localOnly } = reachable(deployment, endpointBase);
  const note = localOnly ? trans.__('Reachable only on the machine that Jupyter runs on') : undefined;
  return <CopyUrl url={url} note={note} />;
}

function Trouble({
  deployment,
  refusal
}: {
  deployment: Deployment;
  refusal?: ErrorBody;
}): React.ReactElement | null {
  const { status } = deployment;
  const failure = status.state === 'failed' ? status.failure : null;
  const trouble = refusal ?? failure;
  const text = trouble?.message ?? (status.state === 'failed' ? status.message : '');
  if (text === '') {
    return null;
  }
  return (
    <div className="mdl-Trouble" role={refusal === undefined ? undefined : 'alert'}>
      <WarningIcon />
      <div>
        <p>{text}</p>
        {trouble?.hint !== undefined && trouble.hint !== '' && <p className="mdl-Hint">{trouble.hint}</p>}
      </div>
    </div>
  );
}

function Actions(props: CardProps): React.ReactElement {
  const { trans } = useHost();
  const { id, spec, status } = props.deployment;
  const busy = props.pending !== undefined;
  const because =
    props.readOnly ??
    (props.old
      ? trans.__('No connection: this may have changed')
      : busy
        ? trans.__('In progress')
        : undefined);
  const waiting = status.state === 'stopping' ? trans.__('It is still stopping') : undefined;
  return (
    <span className="mdl-Actions">
      {(spec.stopped || status.state === 'failed') && (
        <StartButton
          {...props}
          again={!spec.stopped}
          reason={because ?? waiting}
          onClick={() => props.onAct(id, 'start')}
        />
      )}
      {!spec.stopped && (
        <TwoStepButton
          label={props.pending === 'stop' ? trans.__('Stopping…') : trans.__('Stop')}
          question={trans.__('Stop it?')}
          ariaLabel={trans.__('Stop %1', spec.name)}
          ariaQuestion={trans.__('Really stop %1?', spec.name)}
          icon={<StopIcon />}
          disabledBecause={because}
          onConfirm={() => props.onAct(id, 'stop')}
        />
      )}
    </span>
  );
}

interface StartProps extends CardProps {
  again: boolean;
  reason?: string;
  onClick: () => void;
}

function StartButton({ deployment, pending, again, reason, onClick }: StartProps): React.ReactElement {
  const { trans } = useHost();
  const { name } = deployment.spec;
  const word = again ? trans.__('Try again') : trans.__('Start');
  return (
    <button
      type="button"
      className="mdl-Button"
      aria-disabled={reason !== undefined}
      title={reason}
      aria-label={again ? trans.__('Try again to start %1', name) : trans.__('Start %1', name)}
      onClick={() => {
        if (reason === undefined) {
          onClick();
        }
      }}
    >
      <StartIcon />
      {pending === 'start' ? trans.__('Starting…') : word}
    </button>
  );
}
