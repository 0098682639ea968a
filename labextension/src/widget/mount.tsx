/** The interface in a widget: over the page's Jupyter server where it has our extension, else through the kernel. */

import * as React from 'react';
import { createRoot } from 'react-dom/client';
import { HttpTransport } from '../api/http';
import type { Method, Transport } from '../api/transport';
import { CellView } from '../ui/cell/CellView';
import { readCell } from '../ui/cell/payload';
import { BARE, HostProvider, passingMemory, type Host } from '../ui/host';
import { DeploymentStore } from '../ui/store';
import { VERSION } from '../version';
import { CommTransport } from './comm';
import type { Page, WidgetModel } from './model';
import { answers, connectionOf } from './page';
import { addStyle } from './style';
import { languageOf } from './translation';

export interface MountProps {
  model: WidgetModel;
  el: HTMLElement;
  page: Page | null;
}

/** Of a page all widgets share one WebSocket. */
const shared = new Map<string, Promise<HttpTransport | null>>();
const memory = passingMemory();

function served(page: Page): Promise<HttpTransport | null> {
  let found = shared.get(page.base);
  if (found === undefined) {
    found = answers(page).then(yes => (yes ? new HttpTransport(connectionOf(page)) : null));
    shared.set(page.base, found);
  }
  return found;
}

export async function mount({ model, el, page }: MountProps): Promise<() => void> {
  const http = page === null ? null : await served(page);
  const language = page === null ? null : await languageOf(page);
  const comm = http === null ? new CommTransport(model) : null;
  const store = new DeploymentStore(comm ?? told(http as HttpTransport, model));
  if (comm !== null) {
    store.seed(readCell(model.get('snapshot'))?.payloads.flatMap(each => each.deployment ?? []) ?? []);
  }
  const host: Host = {
    ...BARE,
    ...language,
    version: VERSION,
    memory,
    endpointBase: http?.endpointBase ?? '',
    download: (path, filename) => save(http?.urlOf(path), filename)
  };
  addStyle();
  el.classList.add('mdl-Root', 'mdl-Output');
  const root = createRoot(el);
  const draw = (): void => {
    const cell = readCell({
      ...(model.get('snapshot') as Record<string, unknown>),
      view: model.get('view')
    });
    root.render(
      <HostProvider value={host}>{cell !== null && <CellView store={store} cell={cell} />}</HostProvider>
    );
  };
  draw();
  model.on('change:view', draw);
  model.on('change:snapshot', draw);
  return () => {
    model.off('change:view', draw);
    model.off('change:snapshot', draw);
    root.unmount();
    comm?.close();
  };
}

/** Over REST the kernel does not see what the query tester sends, so it is told for its traits. */
function told(transport: Transport, model: WidgetModel): Transport {
  return {
    subscribe: (topic, listener) => transport.subscribe(topic, listener),
    request: async (method: Method, path: string, body?: unknown, signal?: AbortSignal) => {
      const answer = await transport.request(method, path, body, signal);
      if (method === 'POST' && path.endsWith('/predict')) {
        model.send({ mdeploy: 'asked', path, body, answer });
      }
      return answer;
    }
  };
}

function save(url: string | undefined, filename: string): Promise<void> {
  if (url === undefined) {
    return Promise.reject(new Error('A download needs a Jupyter server with the mdeploy extension'));
  }
  const link = Object.assign(document.createElement('a'), { href: url, download: filename });
  link.click();
  return Promise.resolve();
}
