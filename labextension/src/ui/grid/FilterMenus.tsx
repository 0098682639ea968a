/** What hides deployments: by group, by type and by status, several of each; and a chip for each that can be taken away. */

import * as React from 'react';
import type { Deployment } from '../../api/types';
import { useHost } from '../host';
import { CloseIcon, FilterIcon, NextIcon } from '../kit/icons';
import { Popover } from '../kit/Popover';
import { stateWord } from '../kit/StateChip';
import { typeWord } from './Facts';
import { groupsOf, STATES, toggled, TYPES, unfiltered, type Filters } from './filters';

export interface MenuProps {
  filters: Filters;
  onChange: (filters: Filters) => void;
}

export function GroupMenu(props: MenuProps & { deployments: readonly Deployment[] }): React.ReactElement {
  const { trans } = useHost();
  const { filters, onChange, deployments } = props;
  return (
    <Popover
      label={trans.__('Group')}
      button={
        <>
          {trans.__('Group')}
          {filters.groups.length > 0 && <span className="mdl-Count">{filters.groups.length}</span>}
          <NextIcon />
        </>
      }
    >
      {() => {
        const known = groupsOf(deployments);
        const gone = filters.groups.filter(each => !known.some(([name]) => name === each));
        return (
          <Choices
            legend={trans.__('Group')}
            choices={[...known, ...gone.map(name => [name, 0] as const)].map(([name, count]) => ({
              value: name,
              label: name,
              count
            }))}
            chosen={filters.groups}
            onToggle={name => onChange({ ...filters, groups: toggled(filters.groups, name) })}
          />
        );
      }}
    </Popover>
  );
}

export function AddFilter({ filters, onChange }: MenuProps): React.ReactElement {
  const { trans } = useHost();
  return (
    <Popover
      label={trans.__('Add filter')}
      button={
        <>
          <FilterIcon />
          {trans.__('Add filter')}
        </>
      }
    >
      {() => (
        <div className="mdl-FilterMenu">
          <Choices
            legend={trans.__('Type')}
            choices={TYPES.map(value => ({ value, label: typeWord(value, trans) }))}
            chosen={filters.types}
            onToggle={value => onChange({ ...filters, types: toggled(filters.types, value) })}
          />
          <Choices
            legend={trans.__('Status')}
            choices={STATES.map(value => ({ value, label: stateWord(value, trans) }))}
            chosen={filters.states}
            onToggle={value => onChange({ ...filters, states: toggled(filters.states, value) })}
          />
        </div>
      )}
    </Popover>
  );
}

interface ChoicesProps<T extends string> {
  legend: string;
  choices: readonly { value: T; label: string; count?: number }[];
  chosen: readonly T[];
  onToggle: (value: T) => void;
}

function Choices<T extends string>(props: ChoicesProps<T>): React.ReactElement {
  const { trans } = useHost();
  return (
    <fieldset className="mdl-Checks">
      <legend>{props.legend}</legend>
      {props.choices.map(({ value, label, count }) => (
        <label key={value} className="mdl-Check">
          <input
            type="checkbox"
            checked={props.chosen.includes(value)}
            onChange={() => props.onToggle(value)}
          />
          <span dir="auto">{label}</span>
          {count !== undefined && <span className="mdl-Soft">{count}</span>}
        </label>
      ))}
      {props.choices.length === 0 && <span className="mdl-Soft">{trans.__('None yet')}</span>}
    </fieldset>
  );
}

interface Chip {
  key: string;
  text: string;
  without: Filters;
}

/** Each filter in words, with what is left when it is taken away. */
export function useChips(filters: Filters): Chip[] {
  const { trans } = useHost();
  return [
    ...filters.groups.map(group => ({
      key: `group ${group}`,
      text: trans.__('Group: %1', group),
      without: { ...filters, groups: toggled(filters.groups, group) }
    })),
    ...filters.types.map(type => ({
      key: `type ${type}`,
      text: trans.__('Type: %1', typeWord(type, trans)),
      without: { ...filters, types: toggled(filters.types, type) }
    })),
    ...filters.states.map(state => ({
      key: `state ${state}`,
      text: trans.__('Status: %1', stateWord(state, trans)),
      without: { ...filters, states: toggled(filters.states, state) }
    }))
  ];
}

export function Chips({ filters, onChange }: MenuProps): React.ReactElement | null {
  const { trans } = useHost();
  const chips = useChips(filters);
  const row = React.useRef<HTMLUListElement>(null);
  if (chips.length === 0) {
    return null;
  }
  return (
    <ul ref={row} className="mdl-Filters" aria-label={trans.__('Filters')}>
      {chips.map(({ key, text, without }) => (
        <li key={key} className="mdl-Filter">
          <span dir="auto" title={text}>
            {text}
          </span>
          <button
            type="button"
            className="mdl-Filter-remove"
            aria-label={trans.__('Remove the filter %1', text)}
            title={trans.__('Remove the filter %1', text)}
            onClick={() => {
              // The focus stays in the row: the button that was pressed is about to go.
              const buttons = [...(row.current?.querySelectorAll('button') ?? [])];
              onChange(without);
              const at = buttons.findIndex(each => each === document.activeElement);
              (buttons[at + 1] ?? buttons[at - 1])?.focus();
            }}
          >
            <CloseIcon />
          </button>
        </li>
      ))}
      {chips.length > 1 && (
        <li>
          <button
            type="button"
            className="mdl-LinkButton"
            onClick={() => onChange({ ...unfiltered(filters), search: filters.search, mine: filters.mine })}
          >
            {trans.__('Remove all')}
          </button>
        </li>
      )}
    </ul>
  );
}
