/** The question before a deployment is deleted: what goes, what stays, and its name to be typed. */

import * as React from 'react';
import type { Deployment, ErrorBody } from '../../api/types';
import { useMount } from '../context';
import { useHost } from '../host';
import { ConfirmName } from '../kit/Confirm';
import { Problem } from '../kit/Problem';
import { errorBody } from '../store';

export function DeleteDialog({
  deployment,
  onClose
}: {
  deployment: Deployment;
  onClose: () => void;
}): React.ReactElement {
  const { trans, follow } = useHost();
  const { store } = useMount();
  const [busy, setBusy] = React.useState(false);
  const [problem, setProblem] = React.useState<ErrorBody | null>(null);
  const { id, spec, status } = deployment;
  const onConfirm = (): void => {
    if (busy) {
      return;
    }
    setBusy(true);
    setProblem(null);
    store.api.delete(id).then(
      () => {
        follow(id, spec.name, 'delete');
        onClose();
      },
      (error: unknown) => {
        setBusy(false);
        setProblem(errorBody(error));
      }
    );
  };
  return (
    <ConfirmName
      title={trans.__('Delete %1?', shortened(spec.name))}
      name={spec.name}
      action={busy ? trans.__('Deleting…') : trans.__('Delete')}
      onConfirm={onConfirm}
      onClose={onClose}
    >
      <p>
        {trans._n(
          'Its URL stops answering. Its revision, history, events, logs and clients with their tokens go, and do not come back.',
          'Its URL stops answering. Its %1 revisions, history, events, logs and clients with their tokens go, and do not come back.',
          status.revision
        )}
      </p>
      <p>{trans.__('The model itself stays: %1', spec.template.model.uri)}</p>
      {!spec.stopped && (
        <p className="mdl-Hint">{trans.__('Stop keeps everything, and frees what it uses as well.')}</p>
      )}
      {problem !== null && <Problem problem={problem} alert />}
    </ConfirmName>
  );
}

/** A title is one or two lines; the whole name stands where it is to be typed. */
function shortened(name: string): string {
  return name.length > 80 ? `${name.slice(0, 80)}…` : name;
}
