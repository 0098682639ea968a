/** The tab Events: what was observed, newest first. */

import * as React from 'react';
import type { Deployment, Event } from '../../api/types';
import { useDeployments, useMount } from '../context';
import { useHost, useRemembered, type Translator } from '../host';
import { Ago } from '../kit/Ago';
import { ErrorIcon, InfoIcon, WarningIcon } from '../kit/icons';
import { Notice } from '../kit/Notice';
import { Problem } from '../kit/Problem';
import { events as eventsLine } from '../line/commands';
import { LineButton } from '../line/LineButton';
import { useResource } from '../resource';

type Level = Event['level'];
const LEVELS: readonly Level[] = ['debug', 'info', 'warning', 'error'];
const FIRST = 200;

function readLevel(kept: unknown): Level {
  return LEVELS.find(each => each === kept) ?? 'info';
}

function levelWord(level: Level, trans: Translator): string {
  switch (level) {
    case 'debug':
      return trans.__('Debug');
    case 'info':
      return trans.__('Info');
    case 'warning':
      return trans.__('Warning');
    case 'error':
      return trans.__('Error');
  }
}

export default function EventsTab({ deployment }: { deployment: Deployment }): React.ReactElement {
  const { trans } = useHost();
  const { store, place } = useMount();
  const { id } = deployment;
  const state = useDeployments();
  const [level, setLevel] = useRemembered(`${place}/events`, readLevel);
  const [most, setMost] = React.useState(FIRST);
  const events = useResource(
    signal => store.api.events(id, signal),
    [store, id, state.events.get(id), state.freshness]
  );
  if (events.value === undefined) {
    return events.error === null ? (
      <Notice busy title={trans.__('Loading events…')} />
    ) : (
      <Problem problem={events.error}>
        <button type="button" className="mdl-Button" onClick={events.reload}>
          {trans.__('Try again')}
        </button>
      </Problem>
    );
  }
  const least = LEVELS.indexOf(level);
  const shown = events.value.filter(each => LEVELS.indexOf(each.level) >= least).reverse();
  const hidden = events.value.length - shown.length;
  return (
    <div className="mdl-Events">
      <div className="mdl-Events-head">
        <label className="mdl-Check">
          {trans.__('Level')}
          <select
            className="mdl-Input"
            value={level}
            onChange={event => setLevel(readLevel(event.target.value))}
          >
            {LEVELS.map(each => (
              <option key={each} value={each}>
                {each === 'error' ? levelWord(each, trans) : trans.__('%1 and above', levelWord(each, trans))}
              </option>
            ))}
          </select>
        </label>
        <LineButton command={eventsLine(id)} action={trans.__('Events')} />
        {hidden > 0 && <span className="mdl-Soft">{trans._n('%1 hidden', '%1 hidden', hidden)}</span>}
      </div>
      {events.error !== null && <Problem problem={events.error} />}
      {shown.length === 0 ? (
        <Notice
          title={hidden > 0 ? trans.__('No event of this level') : trans.__('Nothing has happened yet')}
          {...(hidden > 0 && {
            action: { label: trans.__('Show all'), onClick: () => setLevel('debug') }
          })}
        />
      ) : (
        <ol className="mdl-Events-list" aria-label={trans.__('Events, newest first')}>
          {shown.slice(0, most).map(event => (
            <Item key={event.seq} event={event} />
          ))}
        </ol>
      )}
      {shown.length > most && (
        <button type="button" className="mdl-Button" onClick={() => setMost(most + 5 * FIRST)}>
          {trans.__('Show older ones')}
        </button>
      )}
    </div>
  );
}

const Item = React.memo(function Item({ event }: { event: Event }): React.ReactElement {
  const { trans } = useHost();
  return (
    <li className={`mdl-Event mdl-mod-${event.level}`}>
      <span className="mdl-Event-level">
        {event.level === 'error' ? <ErrorIcon /> : event.level === 'warning' ? <WarningIcon /> : <InfoIcon />}
        {levelWord(event.level, trans)}
      </span>
      <div>
        <p dir="auto">{event.message}</p>
        {event.cause !== '' && (
          <p dir="auto" className="mdl-Soft">
            {trans.__('because of %1', event.cause)}
          </p>
        )}
        <p className="mdl-Event-facts">
          <Ago at={event.at} />
          {event.actor !== '' && <span>{trans.__('by %1', event.actor)}</span>}
          {event.revision !== null && <span>{trans.__('revision %1', event.revision)}</span>}
          {event.replica !== '' && <span>{trans.__('replica %1', event.replica)}</span>}
          <code>{event.kind}</code>
        </p>
      </div>
    </li>
  );
});
