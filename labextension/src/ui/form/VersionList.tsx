/** The versions of one registered model, and its aliases: one of them is chosen. */

import * as React from 'react';
import type { ModelVersion, RegisteredModel } from '../../api/types';
import { useMount } from '../context';
import { useHost } from '../host';
import { BackIcon } from '../kit/icons';
import { Notice } from '../kit/Notice';
import { Problem } from '../kit/Problem';
import { useResource } from '../resource';
import { useAgo } from '../time';
import { useForm } from './form';

/** Metrics that fit beside a version. */
const METRICS = 3;

export interface VersionListProps {
  name: string;
  /** Undefined: the registry does not list it any more. */
  model: RegisteredModel | undefined;
  onBack: () => void;
}

export function VersionList({ name, model, onBack }: VersionListProps): React.ReactElement {
  const { trans } = useHost();
  const { api } = useMount().store;
  const found = useResource(signal => api.versions(name, signal), [api, name]);
  const group = React.useId();
  const aliases = Object.entries(model?.aliases ?? {});
  return (
    <>
      <div className="mdl-Pick-head">
        <button
          type="button"
          className="mdl-IconButton"
          aria-label={trans.__('All models')}
          title={trans.__('All models')}
          onClick={onBack}
        >
          <BackIcon />
        </button>
        <strong className="mdl-Pick-name" title={name}>
          {name}
        </strong>
      </div>
      {found.value === undefined && found.error === null && (
        <Notice busy title={trans.__('Loading versions…')} />
      )}
      {found.error !== null && <Problem problem={found.error} alert />}
      {found.value !== undefined && (
        <div className="mdl-Picks" role="radiogroup" aria-label={trans.__('Versions of %1', name)}>
          {aliases.map(([alias, version]) => (
            <Choice
              key={alias}
              group={group}
              uri={`models:/${name}@${alias}`}
              label={`@${alias}`}
              note={trans.__('version %1 now', version)}
            />
          ))}
          {found.value.map(each => (
            <Version key={each.version} group={group} version={each} />
          ))}
        </div>
      )}
    </>
  );
}

function Version({ version, group }: { version: ModelVersion; group: string }): React.ReactElement {
  const { trans } = useHost();
  const ago = useAgo(version.created_at ?? '');
  const metrics = Object.entries(version.metrics);
  const shown = metrics.slice(0, METRICS).map(([name, value]) => `${name} ${short(value)}`);
  const note = [version.created_at === null ? '' : ago, ...version.aliases.map(each => `@${each}`), ...shown];
  const all = metrics.map(([name, value]) => `${name} ${value}`).join('\n');
  return (
    <Choice
      group={group}
      uri={version.uri}
      label={trans.__('Version %1', version.version)}
      note={note.filter(Boolean).join(' · ')}
      title={[version.created_at ?? '', version.description, all].filter(Boolean).join('\n')}
    />
  );
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

interface ChoiceProps {
  group: string;
  uri: string;
  label: string;
  note: string;
  title?: string;
}

function Choice(props: ChoiceProps): React.ReactElement {
  const { values, choose } = useForm();
  return (
    <label className="mdl-Pick" title={props.title}>
      <input
        type="radio"
        name={props.group}
        checked={values.registered === props.uri}
        onChange={() => choose({ registered: props.uri })}
      />
      <span className="mdl-Pick-name">{props.label}</span>
      <span className="mdl-Pick-note">{props.note}</span>
    </label>
  );
}
