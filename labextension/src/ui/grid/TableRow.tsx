/** One deployment as a row of the table. */

import * as React from 'react';
import type { ErrorBody } from '../../api/types';
import { useHost } from '../host';
import { WarningIcon } from '../kit/icons';
import { Ago } from '../kit/Ago';
import { StateChip } from '../kit/StateChip';
import { Actions, type ActionsProps } from './Actions';
import { clicked, Endpoint, SelectBox } from './DeploymentCard';
import { healthWord, replicasText, typeWord } from './Facts';
import { shortModelOf, typeOf } from './filters';

export interface RowProps extends ActionsProps {
  index: number;
  /** Pixels from the first row; undefined where all rows are laid out. */
  start?: number;
  refusal?: ErrorBody;
  selected: boolean;
  current: boolean;
  onOpen: (id: string) => void;
  onSelect: (id: string, range: boolean) => void;
}

export const TableRow = React.memo(function TableRow(props: RowProps): React.ReactElement {
  const { deployment, onOpen, onSelect } = props;
  const { trans } = useHost();
  const { id, spec, status } = deployment;
  const marks = `${props.old ? ' mdl-mod-old' : ''}${props.selected ? ' mdl-mod-selected' : ''}`;
  const replicas = replicasText(deployment, trans);
  const instance = spec.template.instance_type;
  return (
    <tr
      role="row"
      className={`mdl-GridTable-row mdl-Row${marks}`}
      style={props.start === undefined ? undefined : { transform: `translateY(${props.start}px)` }}
      data-id={id}
      aria-rowindex={props.index + 2}
      tabIndex={props.current ? 0 : -1}
      onClick={event => clicked(event, id, onOpen, onSelect)}
    >
      <td role="cell">
        <SelectBox id={id} name={spec.name} selected={props.selected} onSelect={onSelect} />
      </td>
      <th role="rowheader" scope="row" className="mdl-GridTable-name">
        <button type="button" className="mdl-Card-open" title={spec.name} onClick={() => onOpen(id)}>
          {spec.name}
        </button>
      </th>
      <td role="cell">
        <span className="mdl-Row-state">
          <StateChip state={status.state} />
          <Trouble {...props} />
        </span>
      </td>
      <td role="cell">{healthWord(status.health, trans)}</td>
      <td role="cell" title={spec.group} dir="auto">
        {spec.group}
      </td>
      <td role="cell">{typeWord(typeOf(deployment), trans)}</td>
      <td role="cell" title={spec.template.model.uri}>
        {shortModelOf(deployment)}
      </td>
      <td role="cell" title={replicas}>
        {replicas}
      </td>
      <td role="cell" title={instance}>
        {instance}
      </td>
      <td role="cell">
        <Endpoint deployment={deployment} />
      </td>
      <td role="cell">
        <Ago at={deployment.updated_at}>{ago => trans.__('%1 by %2', ago, deployment.updated_by)}</Ago>
      </td>
      <td role="cell">
        <Actions
          compact
          deployment={deployment}
          old={props.old}
          pending={props.pending}
          readOnly={props.readOnly}
          onAct={props.onAct}
        />
      </td>
    </tr>
  );
});

/** A sign beside the state, with the words for whoever points at it or listens. */
function Trouble({ deployment, refusal }: RowProps): React.ReactElement | null {
  const { state, failure, message } = deployment.status;
  const text = refusal?.message ?? (state === 'failed' ? (failure?.message ?? message) : '');
  const hint = refusal?.hint ?? failure?.hint ?? '';
  return text === '' ? null : (
    <span
      className="mdl-Row-trouble"
      role={refusal === undefined ? 'img' : 'alert'}
      aria-label={text}
      title={hint === '' ? text : `${text}\n${hint}`}
    >
      <WarningIcon />
    </span>
  );
}
