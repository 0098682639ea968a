/** What JupyterLab gives the components. */

import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { BARE, type Host } from '../ui/host';
import { VERSION } from '../version';
import { download } from './download';
import type { LabTransport } from './transport';

export function labHost(trans: TranslationBundle, languageCode: string, transport: LabTransport): Host {
  return {
    ...BARE,
    trans,
    locale: languageCode === 'default' ? 'en' : languageCode.replace('_', '-'),
    endpointBase: transport.endpointBase,
    copy,
    version: VERSION,
    download: (path, filename) => download(transport.urlOf(path), filename)
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
