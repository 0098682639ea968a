/** Names and values as rows: add, remove, and a paste of `K=V` lines becomes rows. */

import * as React from 'react';
import { useHost } from '../host';
import { AddIcon, CloseIcon } from '../kit/icons';
import { Part } from './controls';
import { useForm } from './form';
import { pastedPairs, withPasted } from './pairs';
import type { Pair, PairsKey } from './values';

/** A value may have lines; so many are seen at once. */
const LINES = 6;

export interface PairsFieldProps {
  path: PairsKey;
  title: string;
  note: string;
  /** What one row is: "variable", for those who hear the fields. */
  add: string;
  placeholder: readonly [string, string];
}

export function PairsField(props: PairsFieldProps): React.ReactElement {
  const { trans } = useHost();
  const { values, set } = useForm();
  const { path } = props;
  const rows = values[path];
  const group = React.useRef<HTMLDivElement>(null);
  const [focus, setFocus] = React.useState<number | null>(null);
  React.useEffect(() => {
    if (focus !== null) {
      const names = group.current?.querySelectorAll<HTMLElement>('[data-part="key"]');
      (
        names?.[Math.min(focus, names.length - 1)] ??
        group.current?.querySelector<HTMLElement>('.mdl-PairRows-add')
      )?.focus();
      setFocus(null);
    }
  }, [focus]);
  const change = (next: Pair[]): void => set({ [path]: next });
  return (
    <Part title={props.title} note={props.note}>
      <div className="mdl-PairRows" ref={group}>
        {rows.map((row, index) => (
          <Row
            key={index}
            {...props}
            row={row}
            index={index}
            onChange={next => change(rows.map((each, at) => (at === index ? next : each)))}
            onPaste={pasted => change(withPasted(rows, index, pasted))}
            onRemove={() => {
              change(rows.filter((_, at) => at !== index));
              setFocus(index);
            }}
          />
        ))}
        <button
          type="button"
          className="mdl-Button mdl-PairRows-add"
          onClick={() => {
            change([...rows, { key: '', value: '' }]);
            setFocus(rows.length);
          }}
          onPaste={event => {
            const pasted = pastedPairs(event.clipboardData.getData('text'));
            if (pasted !== null) {
              event.preventDefault();
              change(withPasted(rows, rows.length, pasted));
            }
          }}
        >
          <AddIcon />
          {props.add}
        </button>
        {rows.length > 0 && (
          <span className="mdl-Field-help">{trans.__('Lines of NAME=VALUE can be pasted.')}</span>
        )}
      </div>
    </Part>
  );
}

interface RowProps extends PairsFieldProps {
  row: Pair;
  index: number;
  onChange: (row: Pair) => void;
  onPaste: (pasted: Pair[]) => void;
  onRemove: () => void;
}

function Row(props: RowProps): React.ReactElement {
  const { trans } = useHost();
  const { problem, touch } = useForm();
  const { row, index } = props;
  const id = React.useId();
  const where = `${props.path}.${index}`;
  const problems = { key: problem(`${where}.key`), value: problem(`${where}.value`) };
  const error = problems.key ?? problems.value;
  const common = (part: 'key' | 'value'): React.TextareaHTMLAttributes<HTMLElement> => ({
    className: 'mdl-Input',
    'aria-invalid': problems[part] !== undefined,
    'aria-describedby': problems[part] === undefined ? undefined : id,
    placeholder: props.placeholder[part === 'key' ? 0 : 1],
    dir: 'auto',
    spellCheck: false,
    autoComplete: 'off',
    onBlur: () => touch(`${where}.${part}`),
    onPaste: event => {
      const pasted = pastedPairs(event.clipboardData.getData('text'));
      // A value with an equal sign is pasted as it is; several lines, or one into the name, are rows.
      if (pasted !== null && (part === 'key' || pasted.length > 1)) {
        event.preventDefault();
        props.onPaste(pasted);
      }
    }
  });
  return (
    <div
      className={`mdl-PairRows-row${error === undefined ? '' : ' mdl-mod-invalid'}`}
      role="group"
      aria-label={`${props.title} ${index + 1}`}
    >
      <input
        {...common('key')}
        data-part="key"
        data-path={`${where}.key`}
        aria-label={trans.__('Name %1', index + 1)}
        value={row.key}
        onChange={event => {
          touch(`${where}.key`);
          props.onChange({ ...row, key: event.target.value });
        }}
      />
      <textarea
        {...common('value')}
        data-path={`${where}.value`}
        aria-label={trans.__('Value %1', index + 1)}
        rows={Math.min(row.value.split('\n').length, LINES)}
        value={row.value}
        onChange={event => props.onChange({ ...row, value: event.target.value })}
      />
      <button
        type="button"
        className="mdl-IconButton"
        aria-label={row.key === '' ? trans.__('Remove row %1', index + 1) : trans.__('Remove %1', row.key)}
        title={trans.__('Remove')}
        onClick={props.onRemove}
      >
        <CloseIcon />
      </button>
      {error !== undefined && (
        <div id={id} className="mdl-Field-error mdl-PairRows-error" role="alert">
          {error}
        </div>
      )}
    </div>
  );
}
