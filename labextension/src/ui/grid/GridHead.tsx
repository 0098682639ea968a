/** Above the deployments: search, filters, order, view, and a new one. */

import * as React from 'react';
import type { Deployment } from '../../api/types';
import { useMount } from '../context';
import { useHost, type Translator } from '../host';
import { WideButton } from '../WideButton';
import { AddIcon, CardsIcon, DownIcon, RefreshIcon, TableIcon, UpIcon } from '../kit/icons';
import { deploy } from '../line/commands';
import { LineButton } from '../line/LineButton';
import { AddFilter, Chips, GroupMenu, type MenuProps } from './FilterMenus';
import type { Column } from './filters';

export interface HeadProps extends MenuProps {
  deployments: readonly Deployment[];
  /** Why nothing can be created; undefined when it can. */
  frozen: string | undefined;
  /** There is room for a table. */
  wide: boolean;
}

/** What people sort cards by; a table's head has the others. */
const ORDERS: readonly Column[] = ['updated', 'name', 'state'];

export function columnWord(column: Column, trans: Translator): string {
  switch (column) {
    case 'name':
      return trans.__('Name');
    case 'state':
      return trans.__('Status');
    case 'health':
      return trans.__('Health');
    case 'group':
      return trans.__('Group');
    case 'type':
      return trans.__('Type');
    case 'model':
      return trans.__('Model');
    case 'replicas':
      return trans.__('Replicas');
    case 'instance':
      return trans.__('Instance type');
    case 'updated':
      return trans.__('Last Updated');
  }
}

export function GridHead(props: HeadProps): React.ReactElement {
  const { filters, onChange, deployments } = props;
  const { trans } = useHost();
  return (
    <header className="mdl-GridHead">
      <div className="mdl-GridHead-find">
        <input
          type="search"
          className="mdl-Search"
          placeholder={trans.__('Search deploy name')}
          aria-label={trans.__('Search deploy name')}
          value={filters.search}
          onChange={event => onChange({ ...filters, search: event.target.value })}
        />
        <Refresh />
        <WideButton />
      </div>
      <div className="mdl-GridHead-filters">
        <GroupMenu filters={filters} onChange={onChange} deployments={deployments} />
        <AddFilter filters={filters} onChange={onChange} />
        <label className="mdl-Check">
          <input
            type="checkbox"
            checked={filters.mine}
            onChange={event => onChange({ ...filters, mine: event.target.checked })}
          />
          {trans.__('Deployed By Me')}
        </label>
        <Order filters={filters} onChange={onChange} />
        {props.wide && <Views filters={filters} onChange={onChange} />}
      </div>
      <Create frozen={props.frozen} />
      <Chips filters={filters} onChange={onChange} />
    </header>
  );
}

function Refresh(): React.ReactElement {
  const { trans } = useHost();
  const { store } = useMount();
  const [busy, setBusy] = React.useState(false);
  const label = trans.__('Refresh');
  return (
    <button
      type="button"
      className="mdl-IconButton"
      aria-label={label}
      title={label}
      aria-busy={busy}
      onClick={() => {
        setBusy(true);
        void store.reload().finally(() => setBusy(false));
      }}
    >
      <RefreshIcon />
    </button>
  );
}

function Order({ filters, onChange }: MenuProps): React.ReactElement {
  const { trans } = useHost();
  const choices = ORDERS.includes(filters.sort) ? ORDERS : [...ORDERS, filters.sort];
  const turn = filters.reversed ? trans.__('In reversed order') : trans.__('Reverse the order');
  return (
    <span className="mdl-Order">
      <select
        className="mdl-Input"
        aria-label={trans.__('Sort by')}
        title={trans.__('Sort by')}
        value={filters.sort}
        onChange={event => {
          const sort = choices.find(each => each === event.target.value) ?? 'updated';
          onChange({ ...filters, sort, reversed: false });
        }}
      >
        {choices.map(each => (
          <option key={each} value={each}>
            {columnWord(each, trans)}
          </option>
        ))}
      </select>
      <button
        type="button"
        className="mdl-IconButton"
        aria-label={trans.__('Reverse the order')}
        title={turn}
        aria-pressed={filters.reversed}
        onClick={() => onChange({ ...filters, reversed: !filters.reversed })}
      >
        {filters.reversed ? <UpIcon /> : <DownIcon />}
      </button>
    </span>
  );
}

function Views({ filters, onChange }: MenuProps): React.ReactElement {
  const { trans, defaultView } = useHost();
  const views = [
    { view: 'cards' as const, label: trans.__('Cards'), Icon: CardsIcon },
    { view: 'table' as const, label: trans.__('Table'), Icon: TableIcon }
  ];
  return (
    <span className="mdl-Views" role="group" aria-label={trans.__('View')}>
      {views.map(({ view, label, Icon }) => (
        <button
          key={view}
          type="button"
          className="mdl-IconButton"
          aria-label={label}
          title={label}
          aria-pressed={(filters.view ?? defaultView()) === view}
          onClick={() => onChange({ ...filters, view })}
        >
          <Icon />
        </button>
      ))}
    </span>
  );
}

function Create({ frozen }: { frozen: string | undefined }): React.ReactElement {
  const { trans } = useHost();
  const { navigation } = useMount();
  return (
    <span className="mdl-GridHead-create">
      <button
        type="button"
        className="mdl-Button mdl-mod-primary"
        aria-disabled={frozen !== undefined}
        title={frozen}
        onClick={() => {
          if (frozen === undefined) {
            void navigation.go({ view: 'create' });
          }
        }}
      >
        <AddIcon />
        {trans.__('Create Deployment')}
      </button>
      <LineButton
        command={deploy({ variable: 'clf' }, { name: 'churn' })}
        action={trans.__('Create Deployment')}
      />
    </span>
  );
}
