/** `Transport` in JupyterLab: through Jupyter's own connection. */

import { ServerConnection } from '@jupyterlab/services';
import { HttpTransport } from '../api/http';

export class LabTransport extends HttpTransport {
  constructor(settings: ServerConnection.ISettings) {
    super({
      baseUrl: folder(settings.baseUrl),
      socketUrl: folder(settings.wsUrl),
      fetch: (url, init) => ServerConnection.makeRequest(url, init, settings),
      socket: url => new settings.WebSocket(url),
      signed: url => {
        if (settings.appendToken && settings.token !== '') {
          url.searchParams.set('token', settings.token);
        }
        return url;
      }
    });
  }
}

/** The absolute URL with a slash at its end, so that what is resolved against it stays below it. */
function folder(url: string): string {
  return new URL(url.replace(/\/*$/, '/'), window.location.href).href;
}
