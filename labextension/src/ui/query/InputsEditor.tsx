/** Named inputs, each with an editor of its own: tensors and columns that share no rows. */

import * as React from 'react';
import { useHost, type Translator } from '../host';
import { sizesOf } from './body';
import type { Column, Row } from './cells';
import { columnName } from './FormEditor';
import { parse } from './json';
import { JsonEditor } from './JsonEditor';
import { misfit } from './layout';

export interface InputsEditorProps {
  columns: readonly Column[];
  inputs: Row;
  onChange: (inputs: Row) => void;
}

export function InputsEditor({ columns, inputs, onChange }: InputsEditorProps): React.ReactElement {
  const { trans } = useHost();
  return (
    <div className="mdl-Query-inputs">
      {columns.map(column => {
        const text = inputs[column.key] ?? '';
        const wrong = inputFault(text, column, trans);
        const name = columnName(column);
        return (
          <section key={column.key} className="mdl-Query-input" aria-label={trans.__('Input %1', name)}>
            <h3 className="mdl-Query-name" title={name}>
              {name}
              <span className="mdl-Query-type">{column.type.text}</span>
              {!column.required && <span className="mdl-Query-type">{trans.__('optional')}</span>}
            </h3>
            <JsonEditor
              label={trans.__('Values of %1', name)}
              rows={Math.min(12, Math.max(3, text.split('\n').length))}
              text={text}
              onChange={next => onChange({ ...inputs, [column.key]: next })}
            >
              {wrong !== null && (
                <span className="mdl-Field-error" role="alert">
                  {wrong}
                </span>
              )}
            </JsonEditor>
          </section>
        );
      })}
    </div>
  );
}

/** Say why a text is no value of an input; JSON's own faults are told by its editor. */
export function inputFault(text: string, column: Column, trans: Translator): string | null {
  const parsed = parse(text);
  if ('error' in parsed) {
    return null;
  }
  const sizes = sizesOf(parsed.value);
  const { shape } = column.type;
  if (shape === null) {
    return Array.isArray(parsed.value) ? null : trans.__('A list is needed: one value for each row');
  }
  const found = misfit(sizes, shape);
  return found === null
    ? null
    : found === 'ragged'
      ? trans.__('The lists have different lengths')
      : trans.__('The shape is %1, and [%2] is needed (-1: any size)', found, shape.join(', '));
}
