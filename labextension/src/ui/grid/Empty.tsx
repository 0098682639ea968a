/** What stands in the grid's place when there is nothing to show: each reason with its own text and action. */

import * as React from 'react';
import { useMount } from '../context';
import { useHost } from '../host';
import { CopyButton } from '../kit/CopyButton';
import { Notice } from '../kit/Notice';
import type { Snapshot } from '../store';
import { useChips } from './FilterMenus';
import { unfiltered, type Filters } from './filters';

const EXAMPLE = '%deploy clf --name churn';
const INSTALL = 'pip install "mdeploy-lab[lab]"';

export function NoneYet({ frozen }: { frozen: string | undefined }): React.ReactElement {
  const { trans } = useHost();
  const { navigation } = useMount();
  const label = trans.__('Create Deployment');
  const action = { label, onClick: () => void navigation.go({ view: 'create' }) };
  return (
    <Notice title={trans.__('No deployments yet')} {...(frozen === undefined && { action })}>
      <p>{trans.__('A deployment puts a model behind a URL. Train one in a notebook, then run:')}</p>
      <Command text={EXAMPLE} />
      {frozen === undefined && <p>{trans.__('Or choose a registered model:')}</p>}
    </Notice>
  );
}

function Command({ text }: { text: string }): React.ReactElement {
  const { trans } = useHost();
  return (
    <div className="mdl-Command">
      <code className="mdl-Code">{text}</code>
      <CopyButton text={text} label={trans.__('Copy')} />
    </div>
  );
}

export interface NoMatchProps {
  filters: Filters;
  count: number;
  onChange: (filters: Filters) => void;
}

export function NoMatch({ filters, count, onChange }: NoMatchProps): React.ReactElement {
  const { trans } = useHost();
  const search = filters.search.trim();
  const chips = useChips(filters).map(({ text }) => text);
  const others = filters.mine ? [...chips, trans.__('Deployed By Me')] : chips;
  const title =
    search === ''
      ? trans.__('No deployment matches the filters')
      : trans.__('No deployment matches “%1”', search);
  return (
    <Notice
      title={title}
      action={{ label: trans.__('Show all'), onClick: () => onChange(unfiltered(filters)) }}
    >
      {others.length === 0
        ? trans._n(
            '%1 deployment is hidden by the search.',
            '%1 deployments are hidden by the search.',
            count
          )
        : trans._n(
            '%1 deployment is hidden by: %2.',
            '%1 deployments are hidden by: %2.',
            count,
            [...(search === '' ? [] : [trans.__('the search')]), ...others].join(' · ')
          )}
    </Notice>
  );
}

export function NotYet({ state, onRetry }: { state: Snapshot; onRetry: () => void }): React.ReactElement {
  const { trans } = useHost();
  const problem = state.engineAway ?? state.failure;
  if (state.obstacle !== null) {
    return <Obstructed obstacle={state.obstacle} />;
  }
  if (problem !== null) {
    const away = problem.code === 'engine_unavailable';
    return (
      <Notice
        tone="warn"
        title={away ? trans.__('The engine does not answer') : problem.message}
        action={{ label: trans.__('Try again'), onClick: onRetry }}
      >
        {away && <p>{problem.message}</p>}
        {problem.hint !== '' && <p className="mdl-Hint">{problem.hint}</p>}
        <p>{trans.__('Deployments that were running go on without it.')}</p>
      </Notice>
    );
  }
  return <Notice busy title={trans.__('Loading deployments…')} />;
}

function Obstructed({ obstacle }: { obstacle: NonNullable<Snapshot['obstacle']> }): React.ReactElement {
  const { trans } = useHost();
  switch (obstacle) {
    case 'missing':
      return (
        <Notice tone="warn" title={trans.__('This Jupyter server has no mdeploy extension')}>
          <p>
            {trans.__('The panel is here, its other half is not. In the environment that Jupyter runs in:')}
          </p>
          <Command text={INSTALL} />
          <p>
            {trans.__('Then restart Jupyter. “jupyter server extension list” must name mdeploy_lab.server.')}
          </p>
        </Notice>
      );
    case 'refused':
      return (
        <Notice tone="warn" title={trans.__('You may not see deployments on this Jupyter server')}>
          {trans.__(
            'Its authorizer refused. Ask its administrator for the resource “mdeploy”, or sign in again.'
          )}
        </Notice>
      );
    case 'kernel':
      return (
        <Notice tone="warn" title={trans.__('The kernel that answered is gone')}>
          {trans.__('Run the cell again. Deployments go on without it.')}
        </Notice>
      );
    case 'unreachable':
      return (
        <Notice tone="warn" busy title={trans.__('Jupyter does not answer')}>
          {trans.__('It is tried again by itself. Deployments go on without it.')}
        </Notice>
      );
  }
}
