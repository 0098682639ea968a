/** One row as a form: a field for each column of the signature. */

import * as React from 'react';
import { useHost } from '../host';
import { Field, plainControl } from '../kit/Field';
import { readCell, type Column, type Row } from './cells';
import { ValueInput } from './ValueInput';
import { wrongWord } from './words';

export interface FormEditorProps {
  columns: readonly Column[];
  row: Row;
  onChange: (row: Row) => void;
  /** What a missing parameter is taken for, by key. */
  defaults?: Readonly<Record<string, string>>;
}

export function FormEditor({ columns, row, onChange, defaults }: FormEditorProps): React.ReactElement {
  return (
    <div className="mdl-Query-form">
      {columns.map(column => (
        <FormField
          key={column.key}
          column={column}
          text={row[column.key] ?? ''}
          note={defaults?.[column.key]}
          onChange={text => onChange({ ...row, [column.key]: text })}
        />
      ))}
    </div>
  );
}

interface FormFieldProps {
  column: Column;
  text: string;
  note: string | undefined;
  onChange: (text: string) => void;
}

function FormField({ column, text, note, onChange }: FormFieldProps): React.ReactElement {
  const { trans } = useHost();
  const read = readCell(text, column);
  const optional = column.required ? '' : trans.__('optional');
  const taken = note === undefined ? optional : trans.__('default %1', note);
  const help = [column.type.text, taken].filter(Boolean).join(', ');
  return (
    <Field
      label={columnName(column)}
      required={column.required && !column.nullable}
      help={
        <span className="mdl-Query-type" title={help}>
          {help}
        </span>
      }
      error={'wrong' in read ? wrongWord(read.wrong, trans) : undefined}
    >
      {control => (
        <ValueInput
          column={column}
          text={text}
          onChange={onChange}
          control={plainControl(control)}
          fallback={note}
        />
      )}
    </Field>
  );
}

/** The name, or the position where the signature has no names. */
export function columnName({ name, key }: Column): string {
  return name === '' ? key : name;
}
