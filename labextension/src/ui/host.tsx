/** What the place that mounts the components gives them besides a `Transport`. */

import * as React from 'react';

/** JupyterLab's translation bundle, as far as the components use it. */
export interface Translator {
  __(text: string, ...values: (string | number)[]): string;
  _n(singular: string, plural: string, count: number, ...values: (string | number)[]): string;
}

export interface Host {
  readonly trans: Translator;
  readonly locale: string;
  /** `<jupyter base>/mdeploy/endpoint/` as an absolute URL, or empty where there is no Jupyter server. */
  readonly endpointBase: string;
  readonly copy: (text: string) => Promise<void>;
  /** This interface's version, to be compared with the server's. */
  readonly version: string;
}

function fill(text: string, values: (string | number)[]): string {
  return text.replace(/%(\d+)/g, (whole, index: string) => String(values[Number(index) - 1] ?? whole));
}

/** English, for places without a translation. */
export const ENGLISH: Translator = {
  __: (text, ...values) => fill(text, values),
  _n: (singular, plural, count, ...values) => fill(count === 1 ? singular : plural, [count, ...values])
};

const Context = React.createContext<Host>({
  trans: ENGLISH,
  locale: 'en',
  endpointBase: '',
  copy: text => navigator.clipboard.writeText(text),
  version: ''
});

export const HostProvider = Context.Provider;

export function useHost(): Host {
  return React.useContext(Context);
}
