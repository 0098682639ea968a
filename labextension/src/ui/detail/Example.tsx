/** Run an Example: how to ask the endpoint from elsewhere, in several languages, with a real row. */

import * as React from 'react';
import type { Deployment } from '../../api/types';
import { useDeployments, useMount } from '../context';
import { reachable } from '../endpoint';
import { useHost, useRemembered } from '../host';
import { Section } from '../kit/Section';
import { Tabs } from '../kit/Tabs';
import { LineCard } from '../line/LineButton';
import { useResource } from '../resource';
import { example, UNKNOWN, written, type ExampleOf, type Language } from './examples';

const LANGUAGES: readonly Language[] = ['curl', 'python', 'requests', 'javascript', 'mlflow'];
/** Names are the same in every language. */
const NAMES: Partial<Record<Language, string>> = {
  curl: 'curl',
  python: 'Python',
  requests: 'requests',
  javascript: 'JavaScript'
};
/** These are no cells. */
const ELSEWHERE: readonly Language[] = ['curl', 'javascript'];
/** These speak to the deployment and not to one of its dialects. */
const OWNER: readonly Language[] = ['python', 'mlflow'];

export function Example({ deployment }: { deployment: Deployment }): React.ReactElement {
  const { trans } = useHost();
  const [language, setLanguage] = useRemembered<Language>(
    'example/language',
    kept => LANGUAGES.find(each => each === kept) ?? 'curl'
  );
  const [chosen, setChosen] = React.useState('');
  const { of, dialects, note, loading } = useExample(deployment, chosen);
  return (
    <Section title={trans.__('Run an Example')} className="mdl-Example">
      <Tabs
        label={trans.__('Languages')}
        chosen={language}
        onChoose={setLanguage}
        tabs={LANGUAGES.map(id => ({ id, label: NAMES[id] ?? trans.__('MLflow client') }))}
      >
        {loading ? (
          <p className="mdl-Soft" role="status">
            {trans.__('Asking the endpoint for a row…')}
          </p>
        ) : (
          <>
            {dialects.length > 1 && !OWNER.includes(language) && (
              <select
                className="mdl-Input mdl-Example-dialect"
                aria-label={trans.__('Dialect')}
                value={chosen}
                onChange={event => setChosen(event.target.value)}
              >
                {dialects.map((dialect, index) => (
                  <option key={dialect.name} value={index === 0 ? '' : dialect.name}>
                    {dialect.title} · {dialect.path}
                  </option>
                ))}
              </select>
            )}
            <LineCard code={example(language, of)} elsewhere={ELSEWHERE.includes(language)} />
            {note !== '' && <p className="mdl-Hint">{note}</p>}
          </>
        )}
      </Tabs>
    </Section>
  );
}

interface Found {
  of: ExampleOf;
  dialects: ReturnType<typeof written>;
  note: string;
  /** Nothing is known yet. */
  loading: boolean;
}

/** What is known of the endpoint now; asked again when something else serves. */
function useExample(deployment: Deployment, chosen: string): Found {
  const { trans, endpointBase } = useHost();
  const { store } = useMount();
  const { events } = useDeployments();
  const { id, spec, status } = deployment;
  const serving = status.serving.map(target => `${target.revision}:${target.percent}`).join();
  const described = useResource(
    async signal => (serving === '' ? undefined : store.api.describe(id, undefined, signal)),
    [id, serving]
  );
  const clients = useResource(
    async signal => (spec.public ? [] : store.api.clients(id, signal)),
    [id, spec.public, events.get(id)]
  );
  const description = described.value;
  const dialects = written(description);
  const client = clients.value?.[0]?.name;
  const dialect = dialects.find(each => each.name === chosen) ?? dialects[0] ?? UNKNOWN;
  const notes = [
    description === undefined ? trans.__('Nothing serves now, so there is no row of its model here.') : '',
    description?.example === null && description.signature === null
      ? trans.__('The model came without signature and example: put in a row of yours.')
      : '',
    !spec.public && clients.value?.length === 0
      ? trans.__('There is no client yet: add one in the tab Clients, and put its name for NAME.')
      : ''
  ];
  return {
    of: {
      id,
      name: spec.name,
      url: reachable(deployment, endpointBase).url,
      client: spec.public ? null : (client ?? 'NAME'),
      dialect,
      rows: dialects.find(each => each.name === 'invocations')?.example ?? UNKNOWN.example,
      inputs: description?.signature?.inputs ?? null
    },
    dialects,
    loading: described.loading && description === undefined,
    note: notes.filter(Boolean).join(' ')
  };
}
