/** Whether an element has room for something: for what CSS cannot decide, such as buttons that become a menu. */

import * as React from 'react';

/** True until measured, and where nothing can be measured. */
export function useWide(element: React.RefObject<HTMLElement>, least: number): boolean {
  const [wide, setWide] = React.useState(true);
  React.useLayoutEffect(() => {
    const { current } = element;
    if (current === null || typeof ResizeObserver === 'undefined') {
      return;
    }
    const measure = (): void => setWide(current.clientWidth === 0 || current.clientWidth >= least);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(current);
    return () => observer.disconnect();
  }, [element, least]);
  return wide;
}
