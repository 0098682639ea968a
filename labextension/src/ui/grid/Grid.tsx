/** All deployments, live: found, filtered, sorted, selected, as cards or as a table. */

import * as React from 'react';
import type { InstanceType } from '../../api/types';
import { useDeployments, useFrozen, useMount } from '../context';
import { useHost, useRemembered } from '../host';
import { useResource } from '../resource';
import type { Snapshot, Verb } from '../store';
import { Cards, columnsIn } from './Cards';
import { NoMatch, NoneYet, NotYet } from './Empty';
import { matching, ordered, readFilters, type Filters } from './filters';
import { GridHead } from './GridHead';
import { useRoving } from './roving';
import { useSelection } from './selection';
import { SelectionBar } from './SelectionBar';
import { Table } from './Table';
import { useWidth } from './width';

/** Where a table has room for its columns. */
const TABLE = 720;

export function Grid(): React.ReactElement {
  const { store, place } = useMount();
  const state = useDeployments();
  const frozen = useFrozen();
  const [filters, setFilters] = useRemembered(`${place}/grid`, readFilters);
  const frame = React.useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  return (
    <div ref={frame} className="mdl-Panel mdl-Grid">
      {state.loaded && (
        <GridHead
          filters={filters}
          onChange={setFilters}
          deployments={state.deployments}
          frozen={frozen}
          wide={width >= TABLE}
        />
      )}
      {!state.loaded ? (
        <NotYet state={state} onRetry={() => void store.reload()} />
      ) : state.deployments.length === 0 ? (
        <NoneYet frozen={frozen} />
      ) : (
        <Listing state={state} filters={filters} onChange={setFilters} width={width} frozen={frozen} />
      )}
    </div>
  );
}

interface ListingProps {
  state: Snapshot;
  filters: Filters;
  onChange: React.Dispatch<React.SetStateAction<Filters>>;
  width: number;
  frozen: string | undefined;
}

function Listing({ state, filters, onChange, width, frozen }: ListingProps): React.ReactElement {
  const { trans, locale, follow, defaultView } = useHost();
  const { store, navigation } = useMount();
  const scroll = React.useRef<HTMLDivElement>(null);
  const reveal = React.useRef<((index: number) => void) | null>(null);
  // Keys come first: what they find is drawn when there is time, and drawn once for keys that come quickly.
  const wanted = React.useDeferredValue(filters);
  const actor = state.server?.actor ?? '';
  const shown = React.useMemo(
    () => ordered(matching(state.deployments, wanted, actor), wanted, locale),
    [state.deployments, wanted, actor, locale]
  );
  const table = (wanted.view ?? defaultView()) === 'table' && width >= TABLE;
  const columns = table ? 1 : columnsIn(width);
  const selection = useSelection(shown);
  const onOpen = React.useCallback(
    (id: string) => void navigation.go({ view: 'deployment', id, tab: 'overview' }),
    [navigation]
  );
  const onAct = React.useCallback(
    (id: string, verb: Verb) => {
      void store.act(id, verb).then(refusal => {
        if (refusal === null && verb === 'start') {
          follow(id, store.snapshot().byId.get(id)?.spec.name ?? id, verb);
        }
      });
    },
    [store, follow]
  );
  const roving = useRoving({ shown, columns, selection, onOpen, reveal });
  const common = {
    shown,
    old: state.freshness === 'old',
    pending: state.pending,
    refusals: state.refusals,
    // A lost connection is said by `old`; here only what a reader may not.
    readOnly: state.server?.canWrite === false ? frozen : undefined,
    instanceTypes: useInstanceTypes(),
    selection,
    roving,
    scroll,
    reveal,
    onAct,
    onOpen
  };
  return (
    <>
      <div className="mdl-Hidden" role="status">
        {trans._n('%1 deployment', '%1 deployments', shown.length)}
      </div>
      <SelectionBar shown={shown} selection={selection} frozen={frozen} />
      <div ref={scroll} className="mdl-Scroll mdl-Grid-scroll">
        {shown.length === 0 ? (
          <NoMatch filters={wanted} count={state.deployments.length} onChange={onChange} />
        ) : table ? (
          <Table
            {...common}
            filters={wanted}
            onSort={sort =>
              onChange(old => ({ ...old, sort, reversed: old.sort === sort ? !old.reversed : false }))
            }
          />
        ) : (
          <Cards {...common} columns={columns} />
        )}
      </div>
    </>
  );
}

/** What an instance type has, by its name; asked for once, because it is decoration. */
function useInstanceTypes(): ReadonlyMap<string, InstanceType> {
  const { store } = useMount();
  const { value } = useResource(signal => store.api.instanceTypes(signal), [store]);
  return React.useMemo(() => new Map(value?.map(each => [each.name, each])), [value]);
}
