/** One deployment: what it is, how it is, where it is, and what can be done with it. */

import * as React from 'react';
import type { Deployment, ErrorBody, InstanceType } from '../../api/types';
import { CopyUrl } from '../kit/CopyUrl';
import { reachable } from '../endpoint';
import { useHost } from '../host';
import { WarningIcon } from '../kit/icons';
import { StateChip, stateWord } from '../kit/StateChip';
import { Actions, type ActionsProps } from './Actions';
import { Facts } from './Facts';

const NOTHING: ReadonlyMap<string, InstanceType> = new Map();

export interface CardProps extends ActionsProps {
  refusal?: ErrorBody;
  headingLevel?: 3 | 4;
  instanceTypes?: ReadonlyMap<string, InstanceType>;
  /** Shows its details, where there is a place for them. */
  onOpen?: (id: string) => void;
  /** Selects it, or with `range` all up to it; without this there is no selecting. */
  onSelect?: (id: string, range: boolean) => void;
  selected?: boolean;
  /** The one of its list that is in the tab order; undefined where it is not part of one. */
  current?: boolean;
}

export const DeploymentCard = React.memo(function DeploymentCard(props: CardProps): React.ReactElement {
  const { deployment, onOpen, onSelect } = props;
  const { trans } = useHost();
  const { spec, status, id } = deployment;
  const Heading = `h${props.headingLevel ?? 3}` as const;
  const marks = `${props.old ? ' mdl-mod-old' : ''}${props.selected === true ? ' mdl-mod-selected' : ''}`;
  return (
    <article
      className={`mdl-Card${marks}${onOpen === undefined ? '' : ' mdl-mod-opens'}`}
      aria-label={trans.__('Deployment %1, %2', spec.name, stateWord(status.state, trans))}
      data-id={id}
      tabIndex={props.current === undefined ? undefined : props.current ? 0 : -1}
      onClick={event => clicked(event, id, onOpen, onSelect)}
    >
      <header className="mdl-Card-head">
        <Heading className="mdl-Card-name" title={spec.name}>
          {onOpen === undefined ? (
            spec.name
          ) : (
            <button type="button" className="mdl-Card-open" onClick={() => onOpen(id)}>
              {spec.name}
            </button>
          )}
        </Heading>
        {onSelect !== undefined && (
          <SelectBox name={spec.name} id={id} selected={props.selected === true} onSelect={onSelect} />
        )}
        <StateChip state={status.state} />
      </header>
      <Facts deployment={deployment} instanceTypes={props.instanceTypes ?? NOTHING} />
      <Endpoint deployment={deployment} />
      <Trouble deployment={deployment} refusal={props.refusal} />
      <footer className="mdl-Card-foot">
        <Actions
          deployment={deployment}
          old={props.old}
          pending={props.pending}
          readOnly={props.readOnly}
          onAct={props.onAct}
        />
      </footer>
    </article>
  );
});

/**
 * A click beside the buttons opens; with Control, Command or Shift it selects, as in a file list.
 *
 * Text that was just marked for copying is no click.
 */
export function clicked(
  event: React.MouseEvent,
  id: string,
  onOpen?: (id: string) => void,
  onSelect?: (id: string, range: boolean) => void
): void {
  const target = event.target as HTMLElement;
  if (target.closest('button, a, input, label, summary, dialog, pre') !== null) {
    return;
  }
  if (event.ctrlKey || event.metaKey || event.shiftKey) {
    window.getSelection()?.removeAllRanges();
    onSelect?.(id, event.shiftKey);
  } else if (window.getSelection()?.isCollapsed !== false) {
    onOpen?.(id);
  }
}

export interface SelectBoxProps {
  id: string;
  name: string;
  selected: boolean;
  onSelect: (id: string, range: boolean) => void;
}

export function SelectBox({ id, name, selected, onSelect }: SelectBoxProps): React.ReactElement {
  const { trans } = useHost();
  return (
    <input
      type="checkbox"
      className="mdl-Select"
      aria-label={trans.__('Select %1', name)}
      checked={selected}
      onChange={event => onSelect(id, (event.nativeEvent as MouseEvent).shiftKey)}
    />
  );
}

export function Endpoint({ deployment }: { deployment: Deployment }): React.ReactElement {
  const { trans, endpointBase } = useHost();
  const { url, localOnly } = reachable(deployment, endpointBase);
  const note = localOnly ? trans.__('Reachable only on the machine that Jupyter runs on') : undefined;
  return <CopyUrl url={url} note={note} />;
}

/** Why it failed, in one line whose rest is in the title; a refusal with its hint, which is news. */
function Trouble(props: { deployment: Deployment; refusal?: ErrorBody }): React.ReactElement | null {
  const { refusal } = props;
  const { state, failure, message } = props.deployment.status;
  if (refusal !== undefined) {
    return (
      <div className="mdl-Trouble" role="alert">
        <WarningIcon />
        <div>
          <p>{refusal.message}</p>
          {refusal.hint !== '' && <p className="mdl-Hint">{refusal.hint}</p>}
        </div>
      </div>
    );
  }
  const text = state === 'failed' ? (failure?.message ?? message) : '';
  if (text === '') {
    return null;
  }
  const hint = failure?.hint ?? '';
  return (
    <div className="mdl-Trouble mdl-mod-line" title={hint === '' ? text : `${text}\n${hint}`}>
      <WarningIcon />
      <div>
        <p>{text}</p>
      </div>
    </div>
  );
}
