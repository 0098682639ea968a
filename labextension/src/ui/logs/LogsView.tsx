/** The log of a deployment, live: choose whose, search, follow, download. Also by itself in a notebook's cell. */

import * as React from 'react';
import type { Deployment } from '../../api/types';
import { useMount } from '../context';
import { useHost, useRemembered } from '../host';
import { Problem } from '../kit/Problem';
import { LogsBar } from './LogsBar';
import { LogList } from './LogList';
import { LogsFoot } from './LogsFoot';
import { openFeed, type LogFeed, type LogFilter, type LogState } from './feed';
import { LogSearch, useLogSearch } from './LogSearch';
import type { Look } from './Row';

export interface LogsViewProps {
  deployment: Pick<Deployment, 'id' | 'spec' | 'status'>;
  initialReplica?: string;
}

export function LogsView({ deployment, initialReplica }: LogsViewProps): React.ReactElement {
  const [filter, setFilter] = React.useState<LogFilter>(
    initialReplica === undefined ? {} : { replica: initialReplica }
  );
  const feed = useFeed(deployment.id, filter);
  return (
    <div className="mdl-Logs">
      {feed !== null && (
        <Followed
          key={`${filter.replica} ${filter.revision}`}
          feed={feed}
          deployment={deployment}
          filter={filter}
          onFilter={setFilter}
        />
      )}
    </div>
  );
}

function useFeed(id: string, filter: LogFilter): LogFeed | null {
  const { store } = useMount();
  const [feed, setFeed] = React.useState<LogFeed | null>(null);
  React.useEffect(() => {
    const [opened, leave] = openFeed(store.transport, id, filter);
    setFeed(opened);
    return leave;
  }, [store, id, filter]);
  return feed;
}

interface FollowedProps extends LogsViewProps {
  feed: LogFeed;
  filter: LogFilter;
  onFilter: (filter: LogFilter) => void;
}

function Followed({ feed, deployment, filter, onFilter }: FollowedProps): React.ReactElement {
  const { trans } = useHost();
  const state = React.useSyncExternalStore(feed.subscribe, feed.state);
  const [look, setLook] = useLook();
  const [following, setFollowing] = React.useState(true);
  const paused = React.useRef(0);
  const search = useLogSearch(feed.buffer, state);
  const field = React.useRef<HTMLInputElement>(null);
  const onFollow = React.useCallback(
    (next: boolean) => {
      paused.current = feed.buffer.total;
      setFollowing(next);
    },
    [feed]
  );
  const go = (by: 1 | -1): void => {
    onFollow(false);
    search.go(by);
  };
  const total = state.first + state.length;
  return (
    <div
      className="mdl-Logs-frame"
      onKeyDown={event => {
        if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'f') {
          event.preventDefault();
          event.stopPropagation();
          field.current?.select();
        }
      }}
    >
      <LogsBar
        deployment={deployment}
        filter={filter}
        onFilter={onFilter}
        wrote={state.replicas}
        look={look}
        onLook={setLook}
      >
        <LogSearch field={field} search={search} onGo={go} />
      </LogsBar>
      <Trouble state={state} />
      {state.length === 0 ? (
        <p className="mdl-Logs-empty" role="status">
          {state.freshness === 'live' ? trans.__('It has written nothing yet') : trans.__('Loading…')}
        </p>
      ) : (
        <LogList
          label={trans.__('Log of %1', deployment.spec.name)}
          buffer={feed.buffer}
          state={state}
          look={{ ...look, replicas: state.replicas > 1, sought: search.text }}
          following={following}
          onFollow={onFollow}
          current={search.current}
        />
      )}
      <LogsFoot
        state={state}
        waiting={following ? 0 : Math.max(0, total - paused.current)}
        following={following}
        onBottom={() => onFollow(true)}
      />
    </div>
  );
}

/** Wrapping and time stamps are a matter of taste, so they are remembered for all logs. */
function useLook(): [Pick<Look, 'wrap' | 'times'>, (look: Pick<Look, 'wrap' | 'times'>) => void] {
  return useRemembered('logs/look', kept => {
    const data = (typeof kept === 'object' && kept !== null ? kept : {}) as Record<string, unknown>;
    return { wrap: data['wrap'] === true, times: data['times'] !== false };
  });
}

function Trouble({ state }: { state: LogState }): React.ReactElement | null {
  const { trans } = useHost();
  if (state.error !== null) {
    return <Problem problem={state.error} />;
  }
  return state.freshness === 'old' ? (
    <p className="mdl-Logs-old" role="status">
      {trans.__('No connection: these are the lines until it was lost. It goes on by itself.')}
    </p>
  ) : null;
}
