/** The way to the Jupyter server of this page, without JupyterLab's own code. */

import type { Connection } from '../api/http';
import type { Page } from './model';

export function connectionOf(page: Page): Connection {
  return {
    baseUrl: page.base,
    socketUrl: page.base.replace(/^http/, 'ws'),
    fetch: (url, init) => fetch(url, { ...init, credentials: 'same-origin', headers: headers(page, init) }),
    socket: url => new WebSocket(url),
    signed: url => {
      if (page.token !== '') {
        url.searchParams.set('token', page.token);
      }
      return url;
    }
  };
}

function headers(page: Page, init: RequestInit): Headers {
  const all = new Headers(init.headers);
  const xsrf = /(?:^|; )_xsrf=([^;]*)/.exec(document.cookie)?.[1];
  if (xsrf !== undefined) {
    all.set('X-XSRFToken', xsrf);
  }
  if (page.token !== '') {
    all.set('Authorization', `token ${page.token}`);
  }
  return all;
}

/** Whether our extension answers there: a 404 is a Jupyter server without it. */
export async function answers(page: Page): Promise<boolean> {
  try {
    const { fetch: ask } = connectionOf(page);
    const { status } = await ask(new URL('mdeploy/api/info', page.base).href, {});
    return status !== 404;
  } catch {
    return false;
  }
}
