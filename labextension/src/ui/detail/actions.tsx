/** What can be done with a deployment: each action with its words, its `%deploy` line, and why it cannot be done now. */

import * as React from 'react';
import type { Deployment } from '../../api/types';
import { useDeployments, useFrozen, useMount } from '../context';
import { useHost } from '../host';
import { DeleteIcon, EditIcon, StartIcon, StopIcon } from '../kit/icons';
import * as commands from '../line/commands';
import type { Command } from '../line/line';
import type { Verb } from '../store';

export interface Action {
  key: 'update' | 'stop' | 'start' | 'delete';
  label: string;
  /** What it is called away from its place: "Stop churn". */
  name: string;
  icon: React.ReactNode;
  command: Command;
  because: string | undefined;
  /** Asked once more in the button's place before it is done. */
  question?: { label: string; name: string };
  run: () => void;
}

/** The actions that make sense in the deployment's state; `onDelete` opens the question. */
export function useActions(deployment: Deployment, gone: boolean, onDelete: () => void): Action[] {
  const { trans } = useHost();
  const { navigation } = useMount();
  const { pending } = useDeployments();
  const act = useAct(deployment);
  const frozen = useFrozen();
  const { id, spec, status } = deployment;
  const busy = pending.get(id);
  const because = gone
    ? trans.__('This deployment was deleted')
    : (frozen ?? (busy === undefined ? undefined : trans.__('In progress')));
  const failed = status.state === 'failed';
  const update: Action = {
    key: 'update',
    label: trans.__('Update'),
    name: trans.__('Update %1', spec.name),
    icon: <EditIcon />,
    command: commands.update(id, { replicas: spec.replicas }),
    because,
    run: () => void navigation.go({ view: 'update', id })
  };
  const start: Action = {
    key: 'start',
    label:
      busy === 'start' ? trans.__('Starting…') : spec.stopped ? trans.__('Start') : trans.__('Try again'),
    name: spec.stopped ? trans.__('Start %1', spec.name) : trans.__('Try again to start %1', spec.name),
    icon: <StartIcon />,
    command: commands.start(id),
    because: because ?? (status.state === 'stopping' ? trans.__('It is still stopping') : undefined),
    run: () => act('start')
  };
  const stop: Action = {
    key: 'stop',
    label: busy === 'stop' ? trans.__('Stopping…') : trans.__('Stop'),
    name: trans.__('Stop %1', spec.name),
    icon: <StopIcon />,
    command: commands.stop(id),
    because,
    question: { label: trans.__('Stop it?'), name: trans.__('Really stop %1?', spec.name) },
    run: () => act('stop')
  };
  const remove: Action = {
    key: 'delete',
    label: trans.__('Delete'),
    name: trans.__('Delete %1', spec.name),
    icon: <DeleteIcon />,
    command: commands.remove(id),
    because,
    run: onDelete
  };
  return [update, ...(spec.stopped || failed ? [start] : []), ...(spec.stopped ? [] : [stop]), remove];
}

/** Stop or start, with the notification that follows it when it was accepted. */
function useAct({ id, spec }: Deployment): (verb: Verb) => void {
  const { follow } = useHost();
  const { store } = useMount();
  return verb => {
    void store.act(id, verb).then(() => {
      if (!store.snapshot().refusals.has(id)) {
        follow(id, spec.name, verb);
      }
    });
  };
}
