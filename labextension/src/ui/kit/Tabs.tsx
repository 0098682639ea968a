/** Tabs as the ARIA pattern has them: arrows move, the chosen one is in the tab order. */

import * as React from 'react';

export interface TabsProps<T extends string> {
  label: string;
  tabs: readonly { id: T; label: string; badge?: string }[];
  chosen: T;
  onChoose: (id: T) => void;
  children: React.ReactNode;
}

export function Tabs<T extends string>(props: TabsProps<T>): React.ReactElement {
  const base = React.useId();
  const list = React.useRef<HTMLDivElement>(null);
  // Where tabs are scrolled sideways, the chosen one is in sight.
  React.useEffect(() => {
    const chosen = list.current?.querySelector<HTMLElement>('[aria-selected="true"]');
    const frame = chosen?.parentElement;
    if (chosen && frame && frame.scrollWidth > frame.clientWidth) {
      frame.scrollLeft += offCentre(chosen, frame);
    }
  }, [props.chosen]);
  const step = (by: number | 'first' | 'last'): void => {
    const at = props.tabs.findIndex(each => each.id === props.chosen);
    const { length } = props.tabs;
    const next = by === 'first' ? 0 : by === 'last' ? length - 1 : (at + by + length) % length;
    const tab = props.tabs[next];
    if (tab !== undefined) {
      props.onChoose(tab.id);
      list.current?.querySelectorAll<HTMLElement>('[role="tab"]')[next]?.focus();
    }
  };
  const rightToLeft = (): boolean =>
    list.current !== null && getComputedStyle(list.current).direction === 'rtl';
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const steps: Record<string, number | 'first' | 'last'> = {
      ArrowRight: rightToLeft() ? -1 : 1,
      ArrowLeft: rightToLeft() ? 1 : -1,
      Home: 'first',
      End: 'last'
    };
    const by = steps[event.key];
    if (by !== undefined) {
      event.preventDefault();
      step(by);
    }
  };
  return (
    <div className="mdl-Tabs">
      <div ref={list} role="tablist" aria-label={props.label} className="mdl-Tabs-list" onKeyDown={onKeyDown}>
        {props.tabs.map(({ id, label, badge }) => (
          <button
            key={id}
            type="button"
            role="tab"
            id={`${base}-${id}`}
            className="mdl-Tab"
            aria-selected={id === props.chosen}
            aria-controls={`${base}-panel`}
            tabIndex={id === props.chosen ? 0 : -1}
            onClick={() => props.onChoose(id)}
          >
            {label}
            {badge !== undefined && <span className="mdl-Tab-badge">{badge}</span>}
          </button>
        ))}
      </div>
      <div
        role="tabpanel"
        id={`${base}-panel`}
        aria-labelledby={`${base}-${props.chosen}`}
        className="mdl-Tabs-panel"
      >
        {props.children}
      </div>
    </div>
  );
}

/** By how much a tab is off the middle of its list. */
function offCentre(tab: HTMLElement, list: HTMLElement): number {
  const [one, all] = [tab.getBoundingClientRect(), list.getBoundingClientRect()];
  return one.left + one.width / 2 - (all.left + all.width / 2);
}
