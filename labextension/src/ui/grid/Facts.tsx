/** What a card says of a deployment besides its name and state. */

import * as React from 'react';
import type { Deployment, InstanceType } from '../../api/types';
import { reachable } from '../endpoint';
import { useHost, type Translator } from '../host';
import { useAgo } from '../time';
import { shortModelOf, typeOf, type Type } from './filters';
import { Metadata } from './Metadata';

export function typeWord(type: Type, trans: Translator): string {
  switch (type) {
    case 'real-time':
      return trans.__('Real-time');
    case 'batch':
      return trans.__('Batch');
    case 'async':
      return trans.__('Async');
  }
}

export function healthWord(health: Deployment['status']['health'], trans: Translator): string {
  switch (health) {
    case 'healthy':
      return trans.__('Healthy');
    case 'unhealthy':
      return trans.__('Unhealthy');
    case 'unknown':
      return trans.__('Unknown');
  }
}

/** "1 of 2 ready", and the range where there is one. */
export function replicasText({ spec, status }: Deployment, trans: Translator): string {
  const { ready, wanted } = status.replicas;
  const most = spec.max_replicas as number | null | undefined;
  const now = trans.__('%1 of %2 ready', ready, wanted);
  return most === null || most === undefined ? now : trans.__('%1, %2–%3 allowed', now, spec.replicas, most);
}

const GIGABYTE = 1024 ** 3;

/** "small × 2 (2 vCPU, 4 GB)": what all replicas that are wanted use together. */
export function resourcesText(
  { spec, status }: Deployment,
  types: ReadonlyMap<string, InstanceType>,
  trans: Translator
): string {
  const name = spec.template.instance_type as string | undefined;
  if (name === undefined) {
    return '';
  }
  const { wanted } = status.replicas;
  const type = types.get(name);
  if (wanted === 0) {
    return trans.__('None in use (%1)', name);
  }
  if (type === undefined) {
    return trans.__('%1 × %2', name, wanted);
  }
  const amount = (value: number): number => Math.round(value * wanted * 10) / 10;
  const [cpu, memory] = [amount(type.cpu), amount(type.memory / GIGABYTE)];
  return type.gpu > 0
    ? trans.__('%1 × %2: %3 vCPU, %4 GB, %5 GPU', name, wanted, cpu, memory, amount(type.gpu))
    : trans.__('%1 × %2: %3 vCPU, %4 GB', name, wanted, cpu, memory);
}

export interface FactsProps {
  deployment: Deployment;
  instanceTypes: ReadonlyMap<string, InstanceType>;
}

export function Facts({ deployment, instanceTypes }: FactsProps): React.ReactElement {
  const { trans, endpointBase } = useHost();
  const { spec, status } = deployment;
  const { url } = reachable(deployment, endpointBase);
  const resources = resourcesText(deployment, instanceTypes, trans);
  const type = typeOf(deployment);
  return (
    <dl className="mdl-Facts">
      <Fact name={trans.__('Group')}>{spec.group}</Fact>
      <Fact name={trans.__('Model')} title={spec.template.model.uri}>
        {shortModelOf(deployment)}
      </Fact>
      {type !== 'real-time' && <Fact name={trans.__('Type')}>{typeWord(type, trans)}</Fact>}
      <Fact name={trans.__('Replicas')}>
        {replicasText(deployment, trans)}
        {status.health === 'unhealthy' && status.state === 'deployed' && <> · {trans.__('Unhealthy')}</>}
      </Fact>
      {resources !== '' && (
        <Fact name={trans.__('Resources')} title={resources}>
          {resources}
        </Fact>
      )}
      {URL.canParse(url) && <Fact name={trans.__('Host')}>{new URL(url).host}</Fact>}
      <dt>{trans.__('Metadata')}</dt>
      <dd>
        <Metadata name={spec.name} metadata={spec.metadata} />
      </dd>
      <dt>{trans.__('Last Updated')}</dt>
      <Updated deployment={deployment} />
    </dl>
  );
}

function Fact(props: { name: string; title?: string; children: React.ReactNode }): React.ReactElement {
  const { children, title } = props;
  return (
    <>
      <dt>{props.name}</dt>
      <dd title={title ?? (typeof children === 'string' ? children : undefined)}>{children}</dd>
    </>
  );
}

/** Renewed by the clock, and nothing else of the card with it. */
function Updated({ deployment }: { deployment: Deployment }): React.ReactElement {
  const { trans } = useHost();
  const updated = useAgo(deployment.updated_at);
  return (
    <dd title={new Date(deployment.updated_at).toLocaleString()}>
      {trans.__('%1 by %2', updated, deployment.updated_by)}
    </dd>
  );
}
