/** What JupyterLab gives the components. */

import { Clipboard } from '@jupyterlab/apputils';
import type { Host, Memory } from '../ui/host';
import type { DeploymentStore } from '../ui/store';
import { VERSION } from '../version';
import { download } from './download';
import { Follower } from './follow';
import { LabKernel } from './kernel';
import type { Surroundings } from './loader';
import { LabNotebook } from './notebook';
import type { LabTransport } from './transport';

export function labHost(
  surroundings: Surroundings,
  transport: LabTransport,
  store: DeploymentStore,
  memory: Memory
): Host {
  const { trans, translator, tracker, preferences, places } = surroundings;
  const follower = new Follower(surroundings, store);
  return {
    trans,
    locale: translator.languageCode === 'default' ? 'en' : translator.languageCode.replace('_', '-'),
    endpointBase: transport.endpointBase,
    copy,
    version: VERSION,
    notebook: tracker === null ? null : new LabNotebook(tracker, trans),
    kernel: tracker === null ? null : new LabKernel(tracker, trans),
    memory,
    download: (path, filename) => download(transport.urlOf(path), filename),
    openWide: places?.canOpenWide === true ? route => void places.show(route, true) : null,
    defaultView: () => preferences.view,
    follow: (id, name, verb) => void follower.follow(id, name, verb)
  };
}

/** The asynchronous clipboard exists only in secure contexts; elsewhere JupyterLab's own way works. */
async function copy(text: string): Promise<void> {
  const clipboard = navigator.clipboard as typeof navigator.clipboard | undefined;
  if (clipboard === undefined) {
    Clipboard.copyToSystem(text);
  } else {
    await clipboard.writeText(text);
  }
}
