/** A labelled field: its help, what is wrong with it, and why it cannot be changed. */

import * as React from 'react';

export interface FieldProps {
  label: string;
  help?: React.ReactNode;
  error?: string | undefined;
  /** Why this cannot be changed here. */
  frozen?: string | undefined;
  required?: boolean;
  /** Gets the id and the ARIA attributes that tie the control to label, help and error. */
  children: (control: Control) => React.ReactNode;
}

export interface Control {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': boolean;
  'aria-required': boolean | undefined;
  readOnly: boolean;
  title: string | undefined;
}

export function Field(props: FieldProps): React.ReactElement {
  const id = React.useId();
  const error = props.error ?? '';
  const note = props.frozen ?? props.help;
  const describes = [note !== undefined ? `${id}-note` : '', error !== '' ? `${id}-error` : ''].filter(
    Boolean
  );
  return (
    <div className={`mdl-Field${error === '' ? '' : ' mdl-mod-invalid'}`}>
      <label className="mdl-Field-label" htmlFor={id}>
        {props.label}
        {props.required === true && (
          <span className="mdl-Field-required" aria-hidden="true">
            *
          </span>
        )}
      </label>
      {props.children({
        id,
        'aria-describedby': describes.length === 0 ? undefined : describes.join(' '),
        'aria-invalid': error !== '',
        'aria-required': props.required,
        readOnly: props.frozen !== undefined,
        title: props.frozen
      })}
      {note !== undefined && (
        <div id={`${id}-note`} className="mdl-Field-help">
          {note}
        </div>
      )}
      {error !== '' && (
        <div id={`${id}-error`} className="mdl-Field-error" role="alert">
          {error}
        </div>
      )}
    </div>
  );
}

/** The attributes of a control that knows no `readOnly`, such as a select. */
export function plainControl(control: Control): Omit<Control, 'readOnly'> {
  const { id, title } = control;
  return {
    id,
    title,
    'aria-describedby': control['aria-describedby'],
    'aria-invalid': control['aria-invalid'],
    'aria-required': control['aria-required']
  };
}
