/** What can be chosen: groups with their quotas, instance types, and what the engine can do. */

import * as React from 'react';
import type { ErrorBody, Group, Info, InstanceType } from '../../api/types';
import { useDeployments, useMount } from '../context';
import { useResource } from '../resource';
import type { FormValues } from './values';

export interface Catalogue {
  groups: readonly Group[];
  types: readonly InstanceType[];
  info: Info | null;
  loaded: boolean;
  error: ErrorBody | null;
  reload: () => void;
}

/** Fetched again when any deployment's specification changes, because that moves what is free. */
export function useCatalogue(): Catalogue {
  const { api } = useMount().store;
  const state = useDeployments();
  const change = React.useMemo(
    () => state.deployments.reduce((sum, each) => sum + each.resource_version, state.deployments.length),
    [state.deployments]
  );
  const found = useResource(
    async signal => {
      const [groups, types, info] = await Promise.all([
        api.groups(signal),
        api.instanceTypes(signal),
        api.info(signal)
      ]);
      return { groups, types, info };
    },
    [api, change, state.engineAway === null]
  );
  return {
    groups: found.value?.groups ?? [],
    types: found.value?.types ?? [],
    info: found.value?.info ?? null,
    loaded: found.value !== undefined,
    error: found.error,
    reload: found.reload
  };
}

/** The values with what nobody chose as it will be: the first group that is enabled, the usual instance type. */
export function settled(values: FormValues, { groups, types }: Catalogue): FormValues {
  const enabled = groups.filter(each => each.enabled);
  const group = enabled.find(each => each.name === 'default') ?? enabled[0];
  const type = types.find(each => each.name === 'small') ?? types[0];
  return {
    ...values,
    group: values.group === '' ? (group?.name ?? '') : values.group,
    instance_type: values.instance_type === '' ? (type?.name ?? '') : values.instance_type
  };
}

/** Why the engine does not have a feature; undefined when it does, or does not say. */
export function missing({ info }: Catalogue, capability: string): string | undefined {
  const said = info?.capabilities[capability];
  return typeof said === 'string' ? said : undefined;
}
