/** What would be sent now, and why it cannot be. No React in here. */

import type { Description, DialectInfo } from '../../api/types';
import type { Translator } from '../host';
import { bodyOf, FORMED } from './body';
import { faults, readCell, type Column } from './cells';
import { paramColumn, type Draft, type Editor } from './draft';
import { columnName } from './FormEditor';
import { inputFault } from './InputsEditor';
import { layOut, parse } from './json';
import { inputsOf, layoutOf, type Layout } from './layout';
import { jsonWord, wrongWord } from './words';

export interface Wanted {
  readonly layout: Layout;
  readonly params: readonly Column[];
  readonly dialect: DialectInfo | undefined;
  /** Whether this dialect's body is made of typed values. */
  readonly formed: boolean;
  readonly io: 'single' | 'multi';
  readonly editor: Editor;
  readonly body: string;
  /** Whether the body was typed rather than made. */
  readonly typed: boolean;
  /** The first fault, in a sentence. */
  readonly fault: string | undefined;
  /** Whether the editor shows the fault in its place, all the time. */
  readonly seen: boolean;
}

export function wanted(description: Description, draft: Draft, trans: Translator): Wanted {
  const layout = layoutOf(description);
  const dialect = description.dialects.find(each => each.name === draft.dialect) ?? description.dialects[0];
  const params = (description.signature?.params ?? []).map(paramColumn);
  const formed = layout.kind !== 'none' && dialect !== undefined && FORMED.includes(dialect.name);
  const several = layout.kind === 'inputs' || (draft.io === 'multi' && inputsOf(layout).length > 0);
  const io = formed && several ? 'multi' : 'single';
  const editor = !formed ? 'json' : io === 'multi' && draft.editor === 'grid' ? 'form' : draft.editor;
  const written = draft.json[dialect?.name ?? ''];
  const typed = editor === 'json' && written !== undefined;
  const made = formed
    ? bodyOf(dialect.name, layout, params, { ...draft, io })
    : laidOut(dialect?.example ?? '');
  const body = typed ? written : made;
  const seen = body.trim() !== '' && (editor === 'json' || io === 'multi' || draft.rows.length === 1);
  const state = { layout, params, dialect, formed, io, editor, body, typed, seen } as const;
  return {
    ...state,
    fault: editor === 'json' ? bodyFault(body, dialect, trans) : typedFault(state, draft, trans)
  };
}

function laidOut(text: string): string {
  const parsed = parse(text);
  return 'value' in parsed ? layOut(parsed.value) : text;
}

function bodyFault(body: string, dialect: DialectInfo | undefined, trans: Translator): string | undefined {
  if (dialect?.binary === true) {
    return undefined;
  }
  if (body.trim() === '') {
    return trans.__('Type a body first');
  }
  const parsed = parse(body);
  return 'error' in parsed ? jsonWord(parsed.error, trans) : undefined;
}

type Unchecked = Omit<Wanted, 'fault'>;

function typedFault({ layout, params, io }: Unchecked, draft: Draft, trans: Translator): string | undefined {
  for (const param of params) {
    const read = readCell(draft.params[param.key] ?? '', param);
    if ('wrong' in read) {
      return `${columnName(param)}: ${wrongWord(read.wrong, trans)}`;
    }
  }
  if (io === 'multi') {
    return inputsFault(inputsOf(layout), draft, trans);
  }
  const columns = layout.kind === 'none' ? [] : layout.columns;
  for (const [row, cells] of faults(draft.rows, columns)) {
    for (const column of columns) {
      const wrong = cells.get(column.key);
      if (wrong !== undefined) {
        const place =
          draft.rows.length > 1 ? trans.__('Row %1, %2', row, columnName(column)) : columnName(column);
        return `${place}: ${wrongWord(wrong, trans)}`;
      }
    }
  }
  return undefined;
}

function inputsFault(columns: readonly Column[], draft: Draft, trans: Translator): string | undefined {
  for (const column of columns) {
    const text = draft.inputs[column.key] ?? '';
    if (!column.required && text.trim() === '') {
      continue;
    }
    const parsed = parse(text);
    const fault = 'error' in parsed ? jsonWord(parsed.error, trans) : inputFault(text, column, trans);
    if (fault !== null) {
      return `${columnName(column)}: ${fault}`;
    }
  }
  return undefined;
}
