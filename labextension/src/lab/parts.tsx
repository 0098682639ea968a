/** Everything that is needed only when something is shown: loaded then, and once. */

import type { ServerConnection } from '@jupyterlab/services';
import type { ITranslator } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';
import { App } from '../ui/App';
import { CellCards } from '../ui/cell/CellCard';
import { readPayloads } from '../ui/cell/payload';
import { HostProvider, type Host } from '../ui/host';
import { Navigation, readRoute } from '../ui/navigation';
import { DeploymentStore } from '../ui/store';
import { DOMAIN } from './domain';
import { labHost } from './host';
import { LabTransport } from './transport';

/** One store for panel and cells, so that they always agree and share one WebSocket. */
export class Parts {
  readonly store: DeploymentStore;
  readonly #host: Host;

  constructor(settings: ServerConnection.ISettings, translator: ITranslator) {
    const transport = new LabTransport(settings);
    this.store = new DeploymentStore(transport);
    this.#host = labHost(translator.load(DOMAIN), translator.languageCode, transport);
  }

  /** The whole interface; `place` begins the keys of what it remembers. */
  app(place: string): ReactWidget {
    const navigation = new Navigation(readRoute(this.#host.memory.get(`${place}/route`)));
    return this.#mount(<App store={this.store} navigation={navigation} place={place} />);
  }

  /** What a cell shows; of an output that this version does not understand its text. */
  cell(output: unknown, text: unknown): ReactWidget {
    const payloads = readPayloads(output);
    if (payloads === null) {
      return this.#mount(<pre>{typeof text === 'string' ? text : JSON.stringify(output)}</pre>);
    }
    return this.#mount(<CellCards store={this.store} payloads={payloads} />);
  }

  #mount(content: React.ReactElement): ReactWidget {
    return ReactWidget.create(<HostProvider value={this.#host}>{content}</HostProvider>);
  }
}
