/** The generated types by the names that the code uses. */

import type { components } from './schema';

type Schemas = components['schemas'];

export type Deployment = Schemas['Deployment'];
export type Deployments = Schemas['Deployments'];
export type Changed = Schemas['Changed'];
export type Info = Schemas['Info'];
export type Event = Schemas['Event'];
export type LogLine = Schemas['LogLine'];
export type ErrorBody = Schemas['ErrorBody'];
export type State = Deployment['status']['state'];
export type Health = Deployment['status']['health'];
