/** Registered models: search one, then choose a version of it or an alias. */

import * as React from 'react';
import type { RegisteredModel } from '../../api/types';
import { useMount } from '../context';
import { useHost } from '../host';
import { Notice } from '../kit/Notice';
import { useResource } from '../resource';
import { useForm } from './form';
import { VersionList } from './VersionList';

/** So many are listed at once; a search finds the others. */
const LISTED = 50;

export function RegistryDoor(): React.ReactElement {
  const { trans } = useHost();
  const { api } = useMount().store;
  const { values, choose } = useForm();
  const found = useResource(signal => api.models(signal), [api]);
  const [name, setName] = React.useState(() => nameIn(values.registered));
  const [search, setSearch] = React.useState('');
  const asked = values.registered === '' ? '' : nameIn(values.registered);
  React.useEffect(() => {
    if (asked !== '') {
      setName(asked);
    }
  }, [asked]);
  if (found.value === undefined || found.value.length === 0) {
    return <Nothing error={found.error} loading={found.loading} onRetry={found.reload} />;
  }
  if (name !== '') {
    return (
      <VersionList
        name={name}
        model={found.value.find(each => each.name === name)}
        onBack={() => {
          setName('');
          choose({ registered: '' });
        }}
      />
    );
  }
  const word = search.trim().toLowerCase();
  const shown = found.value.filter(each => each.name.toLowerCase().includes(word));
  return (
    <>
      <input
        type="search"
        className="mdl-Input"
        aria-label={trans.__('Search models')}
        placeholder={trans.__('Search models')}
        value={search}
        onChange={event => setSearch(event.target.value)}
      />
      <ul className="mdl-Picks" aria-label={trans.__('Registered models')}>
        {shown.slice(0, LISTED).map(each => (
          <li key={each.name}>
            <button type="button" className="mdl-Pick" title={each.name} onClick={() => setName(each.name)}>
              <span className="mdl-Pick-name">{each.name}</span>
              <span className="mdl-Pick-note">{summary(each, trans.__('no versions'))}</span>
            </button>
          </li>
        ))}
      </ul>
      <p className="mdl-Field-help" role="status">
        {shown.length === 0
          ? trans.__('No registered model matches “%1”', search.trim())
          : shown.length > LISTED
            ? trans.__('%1 more: search for them', shown.length - LISTED)
            : ''}
      </p>
    </>
  );
}

function summary({ latest_version: version, aliases }: RegisteredModel, none: string): string {
  const names = Object.keys(aliases).map(each => `@${each}`);
  return [version === '' ? none : `v${version}`, ...names].join(' ');
}

/** The registered model of `models:/name/3` or `models:/name@alias`. */
export function nameIn(uri: string): string {
  return /^models:\/+(.+?)(?:\/(?:\d+|latest)|@[^@/]+)$/.exec(uri)?.[1] ?? '';
}

interface NothingProps {
  error: { message: string; hint: string; code: string } | null;
  loading: boolean;
  onRetry: () => void;
}

function Nothing({ error, loading, onRetry }: NothingProps): React.ReactElement {
  const { trans } = useHost();
  if (loading) {
    return <Notice busy title={trans.__('Loading models…')} />;
  }
  const action = { label: trans.__('Try again'), onClick: onRetry };
  if (error !== null && error.code !== 'model_not_found') {
    const title =
      error.code === 'registry_unavailable'
        ? trans.__('The model registry cannot be reached')
        : error.code === 'registry_not_configured'
          ? trans.__('The model registry is not configured')
          : error.message;
    return (
      <Notice tone="warn" title={title} action={action}>
        {title !== error.message && <p>{error.message}</p>}
        {error.hint !== '' && <p className="mdl-Hint">{error.hint}</p>}
      </Notice>
    );
  }
  return (
    <Notice title={trans.__('No models are registered yet')} action={action}>
      {trans.__('Deploy an object from the kernel: it becomes a registered model. Or log one with MLflow.')}
    </Notice>
  );
}
