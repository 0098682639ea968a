/** Which URL of a deployment works from where the user looks. */

import type { Deployment } from '../api/types';

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|.*\.localhost)$/;

export interface Reachable {
  url: string;
  /** The gateway listens only on the machine that Jupyter runs on, and this one is public: no way from here. */
  localOnly: boolean;
}

/**
 * A gateway on a loopback address cannot be called by somebody whose JupyterLab is elsewhere; a private deployment
 * is then reached through Jupyter.
 */
export function reachable(
  deployment: Pick<Deployment, 'id' | 'url'> & { spec: Pick<Deployment['spec'], 'public'> },
  endpointBase: string
): Reachable {
  const direct = { url: deployment.url, localOnly: false };
  if (endpointBase === '' || deployment.url === '') {
    return direct;
  }
  const here = LOOPBACK.test(new URL(endpointBase).hostname);
  const there = LOOPBACK.test(new URL(deployment.url).hostname);
  if (here || !there) {
    return direct;
  }
  return deployment.spec.public
    ? { url: deployment.url, localOnly: true }
    : { url: `${endpointBase}${deployment.id}`, localOnly: false };
}
