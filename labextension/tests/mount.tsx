/** The whole interface over a `Transport` that a test leads. */

import { act, render } from '@testing-library/react';
import axe from 'axe-core';
import * as React from 'react';
import type { Deployment } from '../src/api/types';
import { App } from '../src/ui/App';
import { BARE, HostProvider, passingMemory, type Host } from '../src/ui/host';
import { Navigation, type Route } from '../src/ui/navigation';
import { DeploymentStore } from '../src/ui/store';
import { FakeTransport, settled } from './fixtures';

// What browsers have and jsdom does not.
HTMLElement.prototype.scrollIntoView = () => undefined;
HTMLDialogElement.prototype.showModal = function showModal() {
  this.open = true;
};
HTMLDialogElement.prototype.close = function close() {
  this.open = false;
};

export interface Mounted {
  transport: FakeTransport;
  store: DeploymentStore;
  navigation: Navigation;
}

export interface MountOptions {
  host?: Partial<Host>;
  route?: Route;
  /** Answers what is not the list of deployments. */
  answer?: FakeTransport['answer'];
}

/** Mount it, let it load, and say that the connection stands. */
export async function mounted(deployments: Deployment[], options: MountOptions = {}): Promise<Mounted> {
  const transport = new FakeTransport();
  transport.answer = asked =>
    asked.method === 'GET' && asked.path === '/deployments' ? { deployments } : options.answer?.(asked);
  const store = new DeploymentStore(transport);
  const navigation = new Navigation(options.route);
  render(
    <HostProvider value={{ ...BARE, memory: passingMemory(), ...options.host }}>
      <App store={store} navigation={navigation} place="test" />
    </HostProvider>
  );
  await doing(() => {
    store.open();
    transport.greet();
  });
  return { transport, store, navigation };
}

/** Run something, and let everything happen that it leads to. */
export async function doing(run: () => void): Promise<void> {
  await act(async () => {
    run();
    await settled();
    await new Promise(resolve => setTimeout(resolve));
  });
}

/** What axe finds wrong in the page; colours are looked at in a browser, which has some. */
export async function violations(): Promise<string[]> {
  const found = await axe.run(document.body, {
    resultTypes: ['violations'],
    rules: { 'color-contrast': { enabled: false }, region: { enabled: false } }
  });
  return found.violations.map(each => `${each.id}: ${each.nodes[0]?.html ?? ''}`);
}
