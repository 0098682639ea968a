/** The front end's half of a widget, as anywidget hands it over; as much of it as is used. */

export interface WidgetModel {
  get(name: string): unknown;
  on(name: string, listener: (value: unknown) => void): void;
  off(name: string, listener: (value: unknown) => void): void;
  send(content: unknown): void;
}

/** What the page told of its Jupyter server; see `loader.js`. */
export interface Page {
  base: string;
  extensions: string;
  token: string;
}
