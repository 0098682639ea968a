/** What cards and table have in common. */

import * as React from 'react';
import type { Deployment, ErrorBody, InstanceType } from '../../api/types';
import type { Verb } from '../store';
import type { Roving } from './roving';
import type { Selection } from './selection';

/** Fewer than this are simply there, for the browser's own search, print and reading aloud; of more only what is seen. */
export const PLAIN = 60;

export interface ListingProps {
  shown: readonly Deployment[];
  old: boolean;
  pending: ReadonlyMap<string, Verb>;
  refusals: ReadonlyMap<string, ErrorBody>;
  readOnly: string | undefined;
  instanceTypes: ReadonlyMap<string, InstanceType>;
  selection: Selection;
  roving: Roving;
  /** What scrolls. */
  scroll: React.RefObject<HTMLDivElement>;
  /** Is told how to bring one into view that is not laid out. */
  reveal: React.MutableRefObject<((index: number) => void) | null>;
  onAct: (id: string, verb: Verb) => void;
  onOpen: (id: string) => void;
}
