/** The styles, which JupyterLab has from the extension and every other page has not. */

declare const MDEPLOY_STYLE: string;

const ID = 'mdeploy-widget-style';

export function addStyle(): void {
  if (document.getElementById(ID) === null) {
    document.head.append(
      Object.assign(document.createElement('style'), { id: ID, textContent: MDEPLOY_STYLE })
    );
  }
}
