/** The generated types by the names that the code uses. */

import type { components } from './schema';

type Schemas = components['schemas'];

/** What a caller may leave out, although its type has a default. */
type Sent<T, Required extends keyof T> = Pick<T, Required> & Partial<Omit<T, Required>>;

export type Deployment = Schemas['Deployment'];
export type Deployments = Schemas['Deployments'];
export type ApiNameCheck = Schemas['ApiNameCheck'];
export type Changed = Schemas['Changed'];
export type Client = Schemas['ClientInfo'];
export type CreateDeployment = Sent<Schemas['CreateDeployment'], 'model' | 'name'>;
export type UpdateDeployment = Partial<Schemas['UpdateDeployment']>;
export type Description = Schemas['Description'];
export type DialectInfo = Schemas['DialectInfo'];
export type Diff = Schemas['Diff'];
export type ErrorBody = Schemas['ErrorBody'];
export type Event = Schemas['Event'];
export type Failure = Schemas['Failure'];
export type FieldChange = Schemas['FieldChange'];
export type Group = Schemas['Group'];
export type HistoryEntry = Schemas['HistoryEntry'];
export type IdCheck = Schemas['IdCheck'];
export type Info = Schemas['Info'];
export type InputExample = Schemas['InputExample'];
export type InstanceType = Schemas['InstanceType'];
export type LogLine = Schemas['LogLine'];
export type LogReplica = Schemas['LogReplica'];
export type ModelVersion = Schemas['ModelVersionInfo'];
export type NewToken = Schemas['NewToken'];
export type Phase = Schemas['Phase'];
export type PredictRequest = Partial<Schemas['Predict']>;
export type PredictResult = Schemas['PredictResult'];
export type RegisteredModel = Schemas['RegisteredModelInfo'];
export type Receipt = Schemas['Receipt'];
export type Replica = Schemas['Replica'];
export type Revision = Schemas['Revision'];
export type State = Deployment['status']['state'];
export type Health = Deployment['status']['health'];
export type Signature = Schemas['Signature'];
export type SignatureField = Schemas['SignatureField'];
export type SignatureParam = Schemas['SignatureParam'];
export type TrafficTarget = Schemas['TrafficTarget-Output'];
export type ValueType = Schemas['ValueType'];
