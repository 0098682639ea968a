/** What most deployments leave as it is. */

import * as React from 'react';
import { useHost } from '../host';
import { missing } from './catalogue';
import { SwitchField, TextField } from './controls';
import { useForm } from './form';
import { bytes } from './words';

const METHODS = ['predict', 'predict_proba', 'predict_log_proba', 'decision_function', 'transform'];
export const ADVANCED: readonly string[] = [
  'method',
  'isolate',
  'check_parity',
  'predict_timeout',
  'start_timeout',
  'max_payload'
];

export function AdvancedSection({ open }: { open: boolean }): React.ReactElement {
  const { trans } = useHost();
  const { catalogue, values } = useForm();
  const [shown, setShown] = React.useState(open);
  const payload = Number(values.max_payload);
  return (
    <details
      className="mdl-Part mdl-Advanced"
      open={shown || open}
      onToggle={event => setShown(event.currentTarget.open)}
    >
      <summary className="mdl-Part-title">{trans.__('Advanced')}</summary>
      <TextField
        path="method"
        label={trans.__('Method')}
        code
        suggestions={METHODS}
        help={trans.__('The method of the model that answers.')}
      />
      <SwitchField
        path="isolate"
        label={trans.__('Isolated environment')}
        frozen={missing(catalogue, 'isolate')}
        help={trans.__("Built from the model's requirements, instead of the Python that made it.")}
      />
      <SwitchField
        path="check_parity"
        label={trans.__('Parity check')}
        help={trans.__('Refuse a revision that answers otherwise than the notebook did.')}
      />
      <div className="mdl-Part-pair">
        <TextField path="predict_timeout" label={trans.__('Prediction timeout (seconds)')} numeric />
        <TextField
          path="start_timeout"
          label={trans.__('Start timeout (seconds)')}
          numeric
          help={trans.__('Without progress.')}
        />
        <TextField
          path="max_payload"
          label={trans.__('Payload limit (bytes)')}
          numeric
          help={payload >= 1024 ? bytes(payload) : undefined}
        />
      </div>
    </details>
  );
}
