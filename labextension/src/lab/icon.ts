/** The extension's icon: a model (node) going up to its endpoint. */

import { LabIcon } from '@jupyterlab/ui-components';

export const deployIcon = new LabIcon({
  name: 'mdeploy:deploy',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="24" height="24">' +
    '<path class="jp-icon3" fill="#616161" d="M12 2.5 6.5 8l1.4 1.4L11 6.3V15h2V6.3l3.1 3.1L17.5 8z' +
    'M4 13v6.5c0 .8.7 1.5 1.5 1.5h13c.8 0 1.5-.7 1.5-1.5V13h-2v6H6v-6z"/></svg>'
});
