/** How the newest start went: each phase as a bar from when it began to when it was done, the running one live. */

import * as React from 'react';
import type { Deployment, Phase } from '../../api/types';
import { useHost, type Translator } from '../host';
import { Section } from '../kit/Section';

const TICK = 200;
/** A bar that is thinner than this, in percent, could not be seen. */
const THIN = 0.5;

export function Timeline({ status }: { status: Deployment['status'] }): React.ReactElement | null {
  const { trans, locale } = useHost();
  const { timeline, state } = status;
  const running = state === 'deploying' && timeline.some(phase => phase.seconds === null);
  const stopped = state === 'stopping' || state === 'stopped';
  const now = useClock(running);
  if (timeline.length === 0) {
    return null;
  }
  const begin = Math.min(...timeline.map(phase => Date.parse(phase.started_at)));
  const last = timeline.reduce((end, phase) => Math.max(end, endOf(phase, running ? now : begin)), begin);
  const whole = Math.max(last - begin, 1);
  return (
    <Section
      title={trans.__('Start-up')}
      actions={<span className="mdl-Soft">{duration(whole / 1000, trans, locale)}</span>}
    >
      <ol className="mdl-Timeline">
        {[...timeline]
          .sort((a, b) => Date.parse(a.started_at) - Date.parse(b.started_at))
          .map(phase => (
            <PhaseRow
              key={phase.name}
              phase={phase}
              from={((Date.parse(phase.started_at) - begin) / whole) * 100}
              end={endOf(phase, running ? now : last)}
              whole={whole}
              outcome={phase.seconds !== null ? 'done' : running ? 'running' : stopped ? 'left' : 'broken'}
            />
          ))}
      </ol>
    </Section>
  );
}

interface PhaseRowProps {
  phase: Phase;
  /** Where the bar begins, in percent of all. */
  from: number;
  end: number;
  whole: number;
  /** Left: it was stopped before this was done. */
  outcome: 'done' | 'running' | 'broken' | 'left';
}

function PhaseRow({ phase, from, end, whole, outcome }: PhaseRowProps): React.ReactElement {
  const { trans, locale } = useHost();
  const milliseconds = Math.max(end - Date.parse(phase.started_at), 0);
  const width = Math.max((milliseconds / whole) * 100, THIN);
  const took = duration(phase.seconds ?? milliseconds / 1000, trans, locale);
  const done = phase.progress === null ? null : Math.round(phase.progress * 100);
  return (
    <li className={`mdl-Phase mdl-mod-${outcome}`} title={phase.detail}>
      <span className="mdl-Phase-name">{phaseWord(phase.name, trans)}</span>
      <span className="mdl-Phase-track" aria-hidden="true">
        <span
          className="mdl-Phase-bar"
          style={{ insetInlineStart: `${Math.min(from, 100 - THIN)}%`, inlineSize: `${width}%` }}
        />
      </span>
      <span className="mdl-Phase-time">
        {outcome === 'broken' ? trans.__('failed') : outcome === 'left' ? '—' : took}
        {outcome === 'running' && done !== null && <> · {done}&#x202f;%</>}
      </span>
      {outcome === 'running' && phase.detail !== '' && (
        <span className="mdl-Phase-detail">{phase.detail}</span>
      )}
    </li>
  );
}

function endOf(phase: Phase, now: number): number {
  const start = Date.parse(phase.started_at);
  return phase.seconds === null ? Math.max(now, start) : start + phase.seconds * 1000;
}

export function phaseWord(name: Phase['name'], trans: Translator): string {
  switch (name) {
    case 'environment':
      return trans.__('Environment');
    case 'download':
      return trans._p('phase', 'Download');
    case 'load':
      return trans._p('phase', 'Load');
    case 'warm-up':
      return trans.__('Warm-up');
    case 'ready':
      return trans.__('Ready');
  }
}

export function duration(seconds: number, trans: Translator, locale: string): string {
  if (seconds < 1) {
    return trans.__('%1 ms', Math.round(seconds * 1000).toLocaleString(locale));
  }
  if (seconds < 120) {
    return trans.__('%1 s', seconds.toLocaleString(locale, { maximumFractionDigits: seconds < 10 ? 1 : 0 }));
  }
  return trans.__('%1 min %2 s', Math.floor(seconds / 60), Math.round(seconds % 60));
}

/** The time now, renewed while something runs. */
function useClock(running: boolean): number {
  const [now, setNow] = React.useState(Date.now);
  React.useEffect(() => {
    if (!running) {
      return;
    }
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), TICK);
    return () => clearInterval(timer);
  }, [running]);
  return now;
}
