/** Saving what the server streams: the browser's own download, so that nothing large passes through memory. */

/** A link that the browser follows by itself carries Jupyter's cookie or token like any other request of the page. */
export function download(url: string, filename: string): Promise<void> {
  const link = document.createElement('a');
  link.href = url;
  link.download = filename;
  link.rel = 'noopener';
  document.body.append(link);
  link.click();
  link.remove();
  return Promise.resolve();
}
