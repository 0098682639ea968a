/** Following the deployments from a cell. */

import * as React from 'react';
import type { DeploymentStore } from '../store';

/** Follow only while the output is on screen: a long notebook holds many of them. */
export function useOpenWhileSeen(frame: React.RefObject<HTMLElement>, store: DeploymentStore): void {
  React.useEffect(() => {
    const element = frame.current;
    if (element === null || typeof IntersectionObserver === 'undefined') {
      return store.open();
    }
    let leave: (() => void) | null = null;
    const observer = new IntersectionObserver(entries => {
      if (entries.some(entry => entry.isIntersecting)) {
        leave ??= store.open();
      } else {
        leave?.();
        leave = null;
      }
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      leave?.();
    };
  }, [frame, store]);
}
