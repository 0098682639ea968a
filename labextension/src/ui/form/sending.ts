/** Sending a form: over REST, or as a line that the kernel runs, because only the kernel has the object. */

import * as React from 'react';
import type { Changed, Deployment, ErrorBody } from '../../api/types';
import { useMount } from '../context';
import { useHost } from '../host';
import { cell, type Command } from '../line/line';
import { errorBody } from '../store';
import {
  createCommand,
  createRequest,
  inKernel,
  modelChanged,
  updateCommand,
  updateRequest
} from './request';
import type { Edit } from './edit';
import type { FormValues } from './values';

export interface Sending {
  busy: boolean;
  refusal: ErrorBody | null;
  /** What the kernel printed meanwhile. */
  told: string;
  send: (values: FormValues) => Promise<void>;
  /** Something was changed: the refusal was about how it was before. */
  forget: () => void;
}

/** How much of what a kernel prints is kept. */
const TOLD = 10_000;

export function useSending(
  edit: Edit,
  deployment: Deployment | null,
  onDone: (done: Deployment) => void
): Sending {
  const { trans, kernel, follow } = useHost();
  const { store } = useMount();
  const [busy, setBusy] = React.useState(false);
  const [refusal, setRefusal] = React.useState<ErrorBody | null>(null);
  const [told, setTold] = React.useState('');
  const there = useThere();

  const run = async (command: Command): Promise<void> => {
    if (kernel === null) {
      throw new Error(trans.__('There is no kernel here'));
    }
    setTold('');
    await kernel.run(cell(inKernel(command)), text => setTold(old => (old + text).slice(-TOLD)));
  };

  const create = async (values: FormValues): Promise<Deployment> => {
    if (values.door !== 'kernel') {
      return (await store.api.create(createRequest(values))).deployment;
    }
    await run(createCommand(values));
    const found = (await store.api.list()).find(({ id, spec }) =>
      values.id === '' ? spec.name === values.name && spec.group === values.group : id === values.id
    );
    if (found === undefined) {
      throw new Error(
        trans.__('The kernel deployed it, but another home than this one: see what it printed')
      );
    }
    return found;
  };

  const update = async (values: FormValues, { id }: Deployment): Promise<Deployment> => {
    if (values.door === 'kernel' && modelChanged(edit.base, values)) {
      await run(updateCommand(id, edit.base, values));
      return store.api.get(id);
    }
    const changed: Changed = await store.api.update(id, updateRequest(edit.base, values, edit.version));
    return changed.deployment;
  };

  const send = async (values: FormValues): Promise<void> => {
    setBusy(true);
    setRefusal(null);
    try {
      const done = await (deployment === null ? create(values) : update(values, deployment));
      store.put(done);
      follow(done.id, done.spec.name, deployment === null ? 'deploy' : 'update');
      if (there()) {
        onDone(done);
      }
    } catch (error) {
      const body = errorBody(error);
      if (deployment !== null && body.code === 'stale_edit') {
        await store.api.get(deployment.id).then(store.put.bind(store), () => undefined);
      }
      setRefusal(body);
    } finally {
      setBusy(false);
    }
  };
  const forget = React.useCallback(() => setRefusal(null), []);
  return { busy, refusal, told, send, forget };
}

/** Whether the view is still shown when an answer comes. */
function useThere(): () => boolean {
  const there = React.useRef(true);
  React.useEffect(() => {
    there.current = true;
    return () => {
      there.current = false;
    };
  }, []);
  return () => there.current;
}
