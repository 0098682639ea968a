/** The form's fields by the name of what they hold. */

import * as React from 'react';
import { Field } from '../kit/Field';
import { useForm } from './form';
import type { SwitchKey, TextKey } from './values';

interface Common {
  label: string;
  help?: React.ReactNode;
  /** Why this cannot be changed. */
  frozen?: string | undefined;
  required?: boolean;
}

export interface TextFieldProps extends Common {
  path: TextKey;
  /** A warning that does not keep one from sending. */
  warning?: string | undefined;
  placeholder?: string;
  rows?: number;
  numeric?: boolean;
  code?: boolean;
  /** Values to choose from that are only suggestions. */
  suggestions?: readonly string[];
  /** What is shown when nothing was typed. */
  shown?: string;
  onType?: (text: string) => void;
}

export function TextField(props: TextFieldProps): React.ReactElement {
  const { values, set, problem, touch } = useForm();
  const { path, rows, suggestions } = props;
  const list = React.useId();
  const error = problem(path) ?? props.warning;
  return (
    <Field
      label={props.label}
      help={props.help}
      error={error}
      frozen={props.frozen}
      required={props.required ?? false}
    >
      {control => {
        const common = {
          ...control,
          className: `mdl-Input${props.code === true ? ' mdl-mod-code' : ''}`,
          'data-path': path,
          value: props.shown !== undefined && values[path] === '' ? props.shown : values[path],
          placeholder: props.placeholder,
          dir: 'auto' as const,
          spellCheck: props.rows !== undefined,
          autoComplete: 'off',
          onBlur: () => touch(path),
          onChange: (event: React.ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => {
            const text = event.target.value;
            touch(path);
            if (props.onType !== undefined) {
              props.onType(text);
            } else {
              set({ [path]: text });
            }
          }
        };
        return rows !== undefined ? (
          <textarea {...common} rows={rows} />
        ) : (
          <>
            <input
              {...common}
              type="text"
              inputMode={props.numeric === true ? 'numeric' : undefined}
              list={suggestions === undefined ? undefined : list}
            />
            {suggestions !== undefined && (
              <datalist id={list}>
                {suggestions.map(each => (
                  <option key={each} value={each} />
                ))}
              </datalist>
            )}
          </>
        );
      }}
    </Field>
  );
}

export interface SelectFieldProps extends Common {
  path: 'group' | 'instance_type';
  options: readonly { value: string; label: string; disabled?: boolean }[];
  warning?: string | undefined;
}

export function SelectField(props: SelectFieldProps): React.ReactElement {
  const { values, set, problem, touch } = useForm();
  const { path, options } = props;
  const value = values[path];
  const label = options.find(each => each.value === value)?.label ?? value;
  return (
    <Field
      label={props.label}
      help={props.help}
      error={problem(path) ?? props.warning}
      frozen={props.frozen}
      required={props.required ?? false}
    >
      {({ readOnly, ...control }) =>
        readOnly ? (
          <input {...control} readOnly className="mdl-Input" value={label} data-path={path} />
        ) : (
          <select
            {...control}
            className="mdl-Input"
            data-path={path}
            value={value}
            onBlur={() => touch(path)}
            onChange={event => set({ [path]: event.target.value })}
          >
            {!options.some(each => each.value === value) && <option value={value}>{value}</option>}
            {options.map(each => (
              <option key={each.value} value={each.value} disabled={each.disabled}>
                {each.label}
              </option>
            ))}
          </select>
        )
      }
    </Field>
  );
}

export interface SwitchFieldProps extends Common {
  path: SwitchKey;
}

export function SwitchField({ path, label, help, frozen }: SwitchFieldProps): React.ReactElement {
  const { values, set } = useForm();
  const id = React.useId();
  const note = frozen ?? help;
  return (
    <div className="mdl-Field">
      <label className="mdl-Switch">
        <input
          type="checkbox"
          role="switch"
          className="mdl-Switch-box"
          data-path={path}
          checked={values[path]}
          aria-describedby={note === undefined ? undefined : id}
          aria-disabled={frozen !== undefined}
          title={frozen}
          onChange={event => {
            if (frozen === undefined) {
              set({ [path]: event.target.checked });
            }
          }}
        />
        <span className="mdl-Field-label">{label}</span>
      </label>
      {note !== undefined && (
        <div id={id} className="mdl-Field-help">
          {note}
        </div>
      )}
    </div>
  );
}

/** Fields that belong together, under a heading. */
export function Part({
  title,
  note,
  children
}: {
  title: string;
  note?: React.ReactNode;
  children: React.ReactNode;
}): React.ReactElement {
  return (
    <fieldset className="mdl-Part">
      <legend className="mdl-Part-title">{title}</legend>
      {note !== undefined && <p className="mdl-Field-help">{note}</p>}
      {children}
    </fieldset>
  );
}
