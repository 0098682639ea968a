import { outputPlugin, panelPlugin } from './lab/plugin';

export default [panelPlugin, outputPlugin];
