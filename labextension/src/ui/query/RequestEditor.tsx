/** The request's values: as a form, a table or JSON; or each named input by itself. */

import * as React from 'react';
import type { Description } from '../../api/types';
import { useHost } from '../host';
import { Segments } from '../kit/Segments';
import { rowsOf } from './body';
import type { Column, Row } from './cells';
import { exampleRows, type Draft, type Editor } from './draft';
import { FormEditor } from './FormEditor';
import { GridEditor } from './GridEditor';
import { InputsEditor } from './InputsEditor';
import { IoSwitch } from './IoSwitch';
import { JsonEditor } from './JsonEditor';
import { KernelRows } from './KernelRows';
import { inputsOf } from './layout';
import { OneRow } from './OneRow';
import type { Pasted } from './paste';
import { PastedNote } from './PastedNote';
import type { Wanted } from './request';

export interface RequestEditorProps {
  description: Description;
  draft: Draft;
  wanted: Wanted;
  onEdit: (change: Partial<Draft>) => void;
}

export function RequestEditor(props: RequestEditorProps): React.ReactElement {
  const { trans } = useHost();
  const { description, draft, wanted, onEdit } = props;
  const { layout, formed, io, editor, params } = wanted;
  const [pasted, setPasted] = React.useState<Pasted | null>(null);
  const example = React.useMemo(
    () => (description.example === null ? null : exampleRows(description.example, layout)),
    [description.example, layout]
  );
  const rows = (next: readonly Row[]): void => onEdit({ rows: next, origin: 'typed', source: null });
  return (
    <div className="mdl-Query-editor">
      {formed && (
        <div className="mdl-Query-bar">
          <IoSwitch draft={draft} wanted={wanted} onEdit={onEdit} />
          <Editors {...props} />
          {io === 'single' && example !== null && (
            <button
              type="button"
              className="mdl-Button"
              onClick={() =>
                onEdit({
                  rows: editor === 'grid' ? example : example.slice(0, 1),
                  origin: 'example',
                  source: null,
                  json: {}
                })
              }
            >
              {editor === 'grid' ? trans.__('Example rows') : trans.__('Example row')}
            </button>
          )}
        </div>
      )}
      {!formed && <Unformed {...props} />}
      {editor === 'json' ? (
        <Body {...props} />
      ) : io === 'multi' ? (
        <InputsEditor
          columns={inputsOf(layout)}
          inputs={draft.inputs}
          onChange={inputs => onEdit({ inputs })}
        />
      ) : (
        layout.kind === 'table' && (
          <>
            {draft.origin === 'invented' && (
              <p className="mdl-Query-note">
                {trans.__('These values are invented: the model came without example rows.')}
              </p>
            )}
            {editor === 'form' ? (
              <OneRow columns={layout.columns} rows={draft.rows} onChange={rows} />
            ) : (
              <GridEditor columns={layout.columns} rows={draft.rows} onChange={rows} onPasted={setPasted} />
            )}
            {pasted !== null && editor === 'grid' && <PastedNote pasted={pasted} />}
            <Meaning columns={layout.columns} grid={editor === 'grid'} />
          </>
        )
      )}
      {formed && editor !== 'json' && params.length > 0 && (
        <fieldset className="mdl-Query-params">
          <legend>{trans.__('Parameters')}</legend>
          <FormEditor
            columns={params}
            row={draft.params}
            defaults={defaultsOf(description)}
            onChange={next => onEdit({ params: next })}
          />
        </fieldset>
      )}
      {layout.kind === 'table' && formed && <KernelRows layout={layout} draft={draft} onEdit={onEdit} />}
    </div>
  );
}

function defaultsOf({ signature }: Description): Record<string, string> {
  return Object.fromEntries((signature?.params ?? []).map(each => [each.name, JSON.stringify(each.default)]));
}

function Editors({ draft, wanted, onEdit }: RequestEditorProps): React.ReactElement {
  const { trans } = useHost();
  const { layout, io, dialect } = wanted;
  const single = io === 'single';
  const choose = (editor: Editor): void => {
    const written = draft.json[dialect?.name ?? ''];
    const read = written !== undefined && layout.kind === 'table' && single ? rowsOf(written, layout) : null;
    onEdit(
      read === null || editor === 'json'
        ? { editor }
        : { editor, rows: read, origin: 'typed', source: null, json: {} }
    );
  };
  return (
    <Segments
      label={trans.__('Edit as')}
      segments={[
        { id: 'form', label: single ? trans.__('Form') : trans.__('Inputs') },
        ...(single ? [{ id: 'grid' as const, label: trans.__('Table') }] : []),
        { id: 'json', label: trans.__('JSON') }
      ]}
      chosen={wanted.editor}
      onChoose={choose}
    />
  );
}

function Body({ draft, wanted, onEdit }: RequestEditorProps): React.ReactElement | null {
  const { trans } = useHost();
  const name = wanted.dialect?.name ?? '';
  const set = (text: string): void => onEdit({ json: { ...draft.json, [name]: text } });
  const others = Object.fromEntries(Object.entries(draft.json).filter(([each]) => each !== name));
  return wanted.dialect?.binary === true ? null : (
    <JsonEditor label={trans.__('Body')} text={wanted.body} onChange={set}>
      {wanted.typed && (
        <button type="button" className="mdl-Button" onClick={() => onEdit({ json: others })}>
          {wanted.formed ? trans.__('From the form') : trans.__('Example')}
        </button>
      )}
    </JsonEditor>
  );
}

/** Why there is no form. */
function Unformed({ wanted }: RequestEditorProps): React.ReactElement | null {
  const { trans } = useHost();
  if (wanted.dialect?.binary === true) {
    return null;
  }
  return (
    <p className="mdl-Query-note">
      {wanted.layout.kind === 'none'
        ? trans.__(
            'The model was saved without a signature, so there is no form: write the body that it takes. Deploy it with an input example to get one.'
          )
        : trans.__('This dialect’s body is written as JSON; below is a request that works.')}
    </p>
  );
}

/** How missing values and empty texts are typed, as far as the columns can have them. */
function Meaning({
  columns,
  grid
}: {
  columns: readonly Column[];
  grid: boolean;
}): React.ReactElement | null {
  const { trans } = useHost();
  const nullable = columns.filter(each => each.nullable);
  const said = [
    ...(grid ? [trans.__('Paste CSV or the cells of a spreadsheet, with or without a line of names.')] : []),
    ...(nullable.length > 0 ? [trans.__('An empty field is null.')] : []),
    ...(nullable.some(each => each.type.kind === 'string') ? [trans.__('"" is an empty text.')] : [])
  ];
  return said.length === 0 ? null : <p className="mdl-Query-note">{said.join(' ')}</p>;
}
