/** How wide an element is, kept right while it changes; zero where nothing is laid out. */

import * as React from 'react';

export function useWidth(element: React.RefObject<HTMLElement>): number {
  const [width, setWidth] = React.useState(0);
  React.useLayoutEffect(() => {
    const watched = element.current;
    if (watched === null) {
      return;
    }
    setWidth(watched.clientWidth);
    if (typeof ResizeObserver === 'undefined') {
      return;
    }
    const observer = new ResizeObserver(() => setWidth(watched.clientWidth));
    observer.observe(watched);
    return () => observer.disconnect();
  }, [element]);
  return width;
}
