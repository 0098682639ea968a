/** What the running kernel holds, asked when it is wanted. */

import * as React from 'react';
import { useHost } from '../host';
import type { KernelFrame, KernelModel } from '../kernel';

export interface KernelState {
  loading: boolean;
  /** Why it cannot be asked. */
  obstacle: string | null;
  frames: readonly KernelFrame[];
  models: readonly KernelModel[];
  reload: () => void;
}

const NOTHING = { loading: false, obstacle: null, frames: [], models: [] };

export function useKernel(wanted: boolean): KernelState {
  const { kernel } = useHost();
  const [state, setState] = React.useState<Omit<KernelState, 'reload'>>(NOTHING);
  const [turn, setTurn] = React.useState(0);
  const reload = React.useCallback(() => setTurn(each => each + 1), []);
  React.useEffect(() => {
    if (!wanted || kernel === null) {
      return;
    }
    let gone = false;
    setState(old => ({ ...old, loading: true }));
    const ask = async (): Promise<Omit<KernelState, 'reload'>> => {
      const obstacle = await kernel.obstacle();
      if (obstacle !== null) {
        return { ...NOTHING, obstacle };
      }
      const [frames, models] = [await kernel.frames(), await kernel.models()];
      return { loading: false, obstacle: null, frames, models };
    };
    ask().then(
      found => !gone && setState(found),
      (error: unknown) =>
        !gone && setState({ ...NOTHING, obstacle: error instanceof Error ? error.message : String(error) })
    );
    const stop = kernel.changed(reload);
    return () => {
      gone = true;
      stop();
    };
  }, [wanted, kernel, turn, reload]);
  return { ...state, reload };
}
