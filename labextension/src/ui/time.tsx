/** "3 hours ago", renewed once in a while by one timer for all of them. */

import * as React from 'react';
import { useHost } from './host';

const TICK = 20_000;
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60]
];

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let now = Date.now();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  now = Date.now();
  timer ??= setInterval(() => {
    now = Date.now();
    listeners.forEach(each => each());
  }, TICK);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** Say how long ago a time was; under a minute is "now". */
export function ago(then: number, present: number, locale: string): string {
  const seconds = Math.round((then - present) / 1000);
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const step = STEPS.find(([, length]) => Math.abs(seconds) >= length);
  return step === undefined
    ? format.format(0, 'second')
    : format.format(Math.trunc(seconds / step[1]), step[0]);
}

export function useAgo(iso: string): string {
  const present = React.useSyncExternalStore(subscribe, () => now);
  return ago(Date.parse(iso), Math.max(present, Date.parse(iso)), useHost().locale);
}

/** Like `useAgo` for a time that is still to come: "in 3 hours". */
export function useWhen(iso: string): string {
  const present = React.useSyncExternalStore(subscribe, () => now);
  return ago(Date.parse(iso), present, useHost().locale);
}
