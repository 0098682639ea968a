/** What the fields of one form share. */

import * as React from 'react';
import { useMount } from '../context';
import { useHost } from '../host';
import type { Catalogue } from './catalogue';
import { begun, decided, isEdited, kept, rebased, resumed, type Edit } from './edit';
import type { FormValues } from './values';
import type { Deployment } from '../../api/types';

export interface Form {
  edit: Edit;
  /** With what nobody chose as it will be. */
  values: FormValues;
  set: (change: Partial<FormValues>) => void;
  /** Set what says which model; the name of a new deployment follows while nobody typed one. */
  choose: (change: Partial<FormValues>) => void;
  /** What is wrong with a field, once one has been there or tried to send the form. */
  problem: (path: string) => string | undefined;
  touch: (path: string) => void;
  catalogue: Catalogue;
  /** The deployment that is changed; null for a new one. */
  deployment: Deployment | null;
}

const Context = React.createContext<Form | null>(null);

export const FormProvider = Context.Provider;

export function useForm(): Form {
  const form = React.useContext(Context);
  if (form === null) {
    throw new Error('a field needs a form around it');
  }
  return form;
}

export interface EditState {
  edit: Edit;
  set: (change: Partial<FormValues>) => void;
  choose: (path: string, whose: 'mine' | 'theirs') => void;
  seen: () => void;
  /** Forget what was typed. */
  discard: () => void;
  rebase: (theirs: FormValues, version: number, actor: string, at: string) => void;
}

/** An edit that survives a reload of the page, under `key`. */
export function useEdit(key: string, fresh: Edit, model: string): EditState {
  const { memory } = useHost();
  const { place } = useMount();
  const where = `${place}/draft/${key}`;
  const [edit, setEdit] = React.useState(() => resumed(memory.get(where), fresh, model));
  React.useEffect(() => memory.set(where, kept(edit, model)), [memory, where, edit, model]);
  return React.useMemo(
    () => ({
      edit,
      set: change => setEdit(old => ({ ...old, values: { ...old.values, ...change } })),
      choose: (path, whose) => setEdit(old => decided(old, path, whose)),
      seen: () => setEdit(old => ({ ...old, news: null })),
      discard: () => {
        memory.set(where, null); // by itself, because the view may be gone before it is drawn again
        setEdit(old => begun(old.base, old.version));
      },
      rebase: (theirs, version, actor, at) =>
        setEdit(old => (version > old.version ? rebased(old, theirs, version, actor, at) : old))
    }),
    [edit, memory, where]
  );
}

export { isEdited };
