/** The form that makes a deployment, or changes one: what differs is where it begins, and what it sends. */

import * as React from 'react';
import type { Deployment } from '../../api/types';
import { useFrozen, useMount } from '../context';
import { useHost } from '../host';
import { cell } from '../line/line';
import { AdvancedSection, ADVANCED } from './AdvancedSection';
import { settled, useCatalogue } from './catalogue';
import { Conflicts } from './Conflicts';
import { DetailsSection } from './DetailsSection';
import { isEdited, type Edit } from './edit';
import { EndpointSection } from './EndpointSection';
import { EnvironmentSection, noGroup } from './EnvironmentSection';
import { focusChoice, focusFirst, focusOn } from './focus';
import { FormFoot } from './FormFoot';
import { FormHead } from './FormHead';
import { FormProvider, useEdit, type Form } from './form';
import { useLeaving } from './leaving';
import { edits } from './merge';
import { ModelPicker } from './ModelPicker';
import { createCommand, updateCommand } from './request';
import { problemsOf, refusedFields } from './rules';
import { useSending } from './sending';
import { Summary } from './Summary';
import { valuesOf, withModel, type FormValues } from './values';
import { Metadata, Variables } from './Variables';

export interface DeploymentFormProps {
  /** Null: a new one. */
  deployment: Deployment | null;
  /** Where it begins, when nothing was kept of it. */
  fresh: Edit;
  /** The model that was asked for, as in "Deploy this model". */
  model: string;
}

export function DeploymentForm({ deployment, fresh, model }: DeploymentFormProps): React.ReactElement {
  const { trans } = useHost();
  const { navigation } = useMount();
  const frozen = useFrozen();
  const catalogue = useCatalogue();
  const state = useEdit(deployment === null ? 'create' : `update/${deployment.id}`, fresh, model);
  const { edit, rebase } = state;
  const body = React.useRef<HTMLFormElement>(null);
  const [touched, setTouched] = React.useState<ReadonlySet<string>>(new Set());
  const [tried, setTried] = React.useState(0);
  const values = React.useMemo(() => settled(edit.values, catalogue), [edit.values, catalogue]);
  const edited = isEdited(edit);
  const [question, release] = useLeaving(edited, state.discard);
  const sending = useSending(edit, deployment, done => {
    release();
    state.discard();
    void navigation.go({ view: 'deployment', id: done.id, tab: 'overview' });
  });

  React.useEffect(() => {
    if (deployment !== null) {
      const { resource_version: version, updated_by: by, updated_at: at } = deployment;
      rebase(valuesOf(deployment), version, by, at);
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only what changes the specification matters
  }, [deployment?.resource_version]);

  const found = React.useMemo(
    () => problemsOf(values, trans, deployment !== null),
    [values, trans, deployment]
  );
  const refused = React.useMemo(
    () => (sending.refusal === null ? new Map<string, string>() : refusedFields(sending.refusal, values)),
    [sending.refusal, values]
  );
  const problems = new Map([...refused, ...found]);
  const shown = new Map(
    [...problems].filter(([path]) => tried > 0 || touched.has(path) || refused.has(path))
  );
  React.useEffect(() => {
    if (tried > 0 || refused.size > 0) {
      focusFirst(body.current);
    }
  }, [tried, refused]);

  const set = (change: Partial<FormValues>): void => {
    sending.forget();
    state.set(change);
  };
  const form: Form = {
    edit,
    values,
    set,
    choose: change => set(deployment === null ? withModel(edit.values, change) : change),
    problem: path => shown.get(path),
    touch: path => {
      if (!touched.has(path)) {
        setTouched(new Set([...touched, path]));
      }
    },
    catalogue,
    deployment
  };
  const nothing = deployment !== null && edits(edit.base, edit.values).length === 0 && !edit.values.start;
  const because =
    frozen ??
    (noGroup(form)
      ? trans.__('No group is configured for you to launch a server. Please contact admin.')
      : edit.conflicts.length > 0
        ? trans.__('Choose between yours and theirs first')
        : nothing
          ? trans.__('Nothing is changed yet')
          : undefined);
  const submit = (): void => {
    if (sending.busy || because !== undefined) {
      return;
    }
    if (found.size > 0) {
      setTried(tried + 1);
    } else {
      void sending.send(values);
    }
  };
  const command =
    deployment === null ? createCommand(values) : updateCommand(deployment.id, edit.base, values);
  return (
    <FormProvider value={form}>
      <form
        ref={body}
        className="mdl-Form"
        noValidate
        aria-busy={sending.busy}
        onSubmit={event => {
          event.preventDefault();
          submit();
        }}
        onKeyDown={event => onKeyDown(event, submit)}
      >
        <FormHead edited={edited} restored={edit.restored} onDiscard={state.discard} />
        <div className="mdl-Scroll mdl-Form-scroll">
          <div className="mdl-Form-body">
            <Summary
              problems={tried > 0 ? shown : refused}
              refusal={sending.refusal}
              told={sending.told}
              onShow={path => focusOn(body.current, path)}
            />
            <Conflicts edit={edit} onChoose={state.choose} onSeen={state.seen} />
            <ModelPicker />
            <EnvironmentSection />
            <EndpointSection />
            <DetailsSection />
            <Variables />
            <Metadata />
            <AdvancedSection open={ADVANCED.some(path => shown.has(path))} />
            <FormFoot
              code={cell(command)}
              sending={sending}
              because={because}
              nothing={nothing}
              onChoose={edit.conflicts.length > 0 ? () => focusChoice(body.current) : undefined}
            />
          </div>
        </div>
      </form>
      {question}
    </FormProvider>
  );
}

/** Ctrl+Enter sends; Enter alone, in one of so many fields, does not. */
function onKeyDown(event: React.KeyboardEvent, submit: () => void): void {
  if (event.key !== 'Enter') {
    return;
  }
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    event.stopPropagation();
    submit();
  } else if (event.target instanceof HTMLInputElement) {
    event.preventDefault();
  }
}
