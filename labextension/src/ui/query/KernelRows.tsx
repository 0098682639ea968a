/** Rows out of a frame of the running kernel, and which of its models answers beside the endpoint. */

import * as React from 'react';
import { useHost } from '../host';
import type { KernelFrame } from '../kernel';
import { Field, plainControl } from '../kit/Field';
import { RefreshIcon } from '../kit/icons';
import { kernelRows, type Draft } from './draft';
import type { Table } from './layout';
import { MOST_ROWS } from './paste';
import { useKernel } from './useKernel';

export interface KernelRowsProps {
  layout: Table;
  draft: Draft;
  onEdit: (change: Partial<Draft>) => void;
}

export function KernelRows(props: KernelRowsProps): React.ReactElement | null {
  const { trans, kernel } = useHost();
  const [open, setOpen] = React.useState(props.draft.source !== null);
  if (kernel === null) {
    return null;
  }
  return (
    <details className="mdl-Query-fold" open={open} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{trans.__('Rows of the notebook')}</summary>
      {open && <Chooser {...props} />}
    </details>
  );
}

function Chooser({ layout, draft, onEdit }: KernelRowsProps): React.ReactElement {
  const { trans, kernel } = useHost();
  const state = useKernel(true);
  const [frame, setFrame] = React.useState(draft.source?.frame ?? '');
  const [start, setStart] = React.useState(String(draft.source?.start ?? 0));
  const [count, setCount] = React.useState(String(draft.source?.count ?? 1));
  const [said, setSaid] = React.useState('');
  const frames = [...state.frames].sort((a, b) => lacking(a, layout).length - lacking(b, layout).length);
  const chosen = frames.find(each => each.name === frame) ?? frames[0];
  const missing = chosen === undefined ? [] : lacking(chosen, layout);
  const from = Number(start);
  const many = Number(count);
  const because = reason();
  function reason(): string | undefined {
    if (chosen === undefined) {
      return state.obstacle ?? trans.__('There is no DataFrame or array in the kernel');
    }
    if (!Number.isInteger(from) || from < 0 || from >= chosen.rows) {
      return trans.__('The first row must be between 0 and %1', chosen.rows - 1);
    }
    return Number.isInteger(many) && many >= 1 && many <= MOST_ROWS
      ? undefined
      : trans.__('Take between 1 and %1 rows', MOST_ROWS);
  }
  const take = (): void => {
    if (because !== undefined || chosen === undefined || kernel === null) {
      return;
    }
    setSaid('');
    kernel.rows(chosen.name, from, many).then(
      found =>
        onEdit({
          rows: kernelRows(found.columns, found.rows, layout),
          origin: 'kernel',
          editor: found.rows.length > 1 ? 'grid' : draft.editor === 'json' ? 'form' : draft.editor,
          io: 'single',
          json: {},
          source: {
            frame: chosen.name,
            type: chosen.type,
            start: from,
            count: found.rows.length,
            columns: taken(found.columns, layout)
          }
        }),
      (error: unknown) => setSaid(error instanceof Error ? error.message : String(error))
    );
  };
  return (
    <div className="mdl-Query-kernel">
      {state.obstacle !== null && <p className="mdl-Query-note">{state.obstacle}</p>}
      <div className="mdl-Query-fields">
        <Field label={trans.__('Frame')}>
          {control => (
            <select
              {...plainControl(control)}
              className="mdl-Input"
              value={chosen?.name ?? ''}
              onChange={event => setFrame(event.target.value)}
            >
              {frames.length === 0 && <option value="">{trans.__('None')}</option>}
              {frames.map(each => (
                <option key={each.name} value={each.name}>
                  {trans.__('%1: %2, %3 rows', each.name, each.type, each.rows)}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={trans.__('First row')}>
          {control => <NumberInput control={control} value={start} onChange={setStart} />}
        </Field>
        <Field label={trans.__('Rows')}>
          {control => <NumberInput control={control} value={count} onChange={setCount} />}
        </Field>
        <button
          type="button"
          className="mdl-Button"
          aria-disabled={because !== undefined}
          title={because}
          onClick={take}
        >
          {trans.__('Take rows')}
        </button>
        <button
          type="button"
          className="mdl-IconButton"
          aria-label={trans.__('Look into the kernel again')}
          title={trans.__('Look into the kernel again')}
          onClick={state.reload}
        >
          <RefreshIcon />
        </button>
      </div>
      {missing.length > 0 && (
        <p className="mdl-Query-note">{trans.__('This frame lacks: %1', missing.slice(0, 8).join(', '))}</p>
      )}
      {said !== '' && (
        <p className="mdl-Field-error" role="alert">
          {said}
        </p>
      )}
      <Field
        label={trans.__('Compare with the kernel’s model')}
        help={
          draft.model !== '' && draft.source === null
            ? trans.__('The rows are not those of a frame now: take them again to compare')
            : trans.__('Its answer to the same rows stands beside the endpoint’s')
        }
      >
        {control => (
          <select
            {...plainControl(control)}
            className="mdl-Input"
            value={draft.model}
            onChange={event => onEdit({ model: event.target.value })}
          >
            <option value="">{trans.__('None')}</option>
            {draft.model !== '' && !state.models.some(each => each.name === draft.model) && (
              <option value={draft.model}>{draft.model}</option>
            )}
            {state.models.map(each => (
              <option key={each.name} value={each.name}>
                {`${each.name}: ${each.type.split('.').at(-1) ?? ''}`}
              </option>
            ))}
          </select>
        )}
      </Field>
    </div>
  );
}

interface NumberInputProps {
  control: React.AriaAttributes & { id: string };
  value: string;
  onChange: (value: string) => void;
}

function NumberInput({ control, value, onChange }: NumberInputProps): React.ReactElement {
  return (
    <input
      id={control.id}
      className="mdl-Input"
      inputMode="numeric"
      value={value}
      autoComplete="off"
      onChange={event => onChange(event.target.value)}
    />
  );
}

/** Return the frame's columns that the model takes, in its order; none where it goes by position. */
export function taken(columns: readonly string[], layout: Table): string[] {
  const names = layout.named ? layout.columns.map(each => each.name) : [];
  return names.filter(each => columns.includes(each));
}

/** Return the columns that a frame does not have; one without names is asked for its width. */
export function lacking(frame: Pick<KernelFrame, 'columns'>, { columns, named }: Table): string[] {
  if (!named) {
    return columns.slice(frame.columns.length).map(each => each.key);
  }
  const names = new Set(frame.columns.map(each => each.name));
  return columns.filter(each => each.required && !names.has(each.name)).map(each => each.name);
}
