/** The commands: what the palette, other extensions and our own menus can ask for. */

import type { ICommandPalette } from '@jupyterlab/apputils';
import type { ReadonlyJSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { TABS, type Route, type Tab } from '../ui/navigation';
import { deployIcon } from './icon';
import type { Loader } from './loader';
import type { LabPlaces } from './places';

export const Commands = {
  open: 'mdeploy:open',
  openMain: 'mdeploy:open-main',
  create: 'mdeploy:create',
  show: 'mdeploy:show',
  refresh: 'mdeploy:refresh',
  stop: 'mdeploy:stop',
  start: 'mdeploy:start'
} as const;

const ID = { type: 'string', description: 'The id of a deployment' } as const;
const WIDE = { type: 'boolean', description: 'In the main area instead of the panel' } as const;

function schema(properties: ReadonlyJSONObject, required: string[] = []): { args: ReadonlyJSONObject } {
  return { args: { type: 'object', properties, required } };
}

function text(args: ReadonlyPartialJSONObject, name: string): string {
  const value = args[name];
  return typeof value === 'string' ? value : '';
}

function wide(args: ReadonlyPartialJSONObject): boolean | undefined {
  return typeof args['wide'] === 'boolean' ? args['wide'] : undefined;
}

/** The id that a command needs, or an error for the extension that forgot it. */
function idOf(args: ReadonlyPartialJSONObject): string {
  const id = text(args, 'id');
  if (id === '') {
    throw new Error('the command needs the id of a deployment: {"id": "churn"}');
  }
  return id;
}

export function addCommands(loader: Loader, places: LabPlaces, palette: ICommandPalette | null): void {
  addOpening(loader, places);
  addActing(loader);
  const category = loader.surroundings.trans.__('Deployments');
  const wide = places.canOpenWide ? [Commands.openMain] : [];
  for (const command of [Commands.open, ...wide, Commands.create, Commands.refresh]) {
    palette?.addItem({ command, category });
  }
}

function addOpening(loader: Loader, places: LabPlaces): void {
  const { app, trans } = loader.surroundings;
  app.commands.addCommand(Commands.open, {
    label: trans.__('Deployments'),
    caption: trans.__('Show all deployments with their states and URLs'),
    icon: deployIcon,
    describedBy: schema({}),
    execute: () => places.open()
  });
  if (places.canOpenWide) {
    app.commands.addCommand(Commands.openMain, {
      label: trans.__('Open Deployments in Main Area'),
      caption: trans.__('Show all deployments, or one, as a tab of the main area'),
      icon: deployIcon,
      describedBy: schema({ id: ID }),
      execute: args => void places.openTab(text(args, 'id') || null)
    });
  }
  app.commands.addCommand(Commands.create, {
    label: trans.__('Create Deployment'),
    caption: trans.__('Put a model behind a URL'),
    icon: deployIcon,
    describedBy: schema({
      model: { type: 'string', description: 'A variable of the kernel, models:/NAME/VERSION, or a path' },
      wide: WIDE
    }),
    execute: args => {
      const model = text(args, 'model');
      const route: Route = model === '' ? { view: 'create' } : { view: 'create', model };
      return places.show(route, wide(args));
    }
  });
  app.commands.addCommand(Commands.show, {
    label: trans.__('Show Deployment'),
    describedBy: schema({ id: ID, tab: { type: 'string', enum: [...TABS] }, wide: WIDE }, ['id']),
    execute: args => {
      const tab: Tab = TABS.find(each => each === args['tab']) ?? 'overview';
      return places.show({ view: 'deployment', id: idOf(args), tab }, wide(args));
    }
  });
}

/** What changes deployments asks the same store as the panel, and is followed to its end in a notification. */
function addActing(loader: Loader): void {
  const { app, trans } = loader.surroundings;
  app.commands.addCommand(Commands.refresh, {
    label: trans.__('Refresh Deployments'),
    describedBy: schema({}),
    execute: async () => (await loader.load()).store.reload()
  });
  for (const verb of ['stop', 'start'] as const) {
    app.commands.addCommand(Commands[verb], {
      label: verb === 'stop' ? trans.__('Stop Deployment') : trans.__('Start Deployment'),
      describedBy: schema({ id: ID }, ['id']),
      execute: async args => {
        const id = idOf(args);
        const { store, host } = await loader.load();
        const { deployment } = await store.api[verb](id);
        store.put(deployment);
        host.follow(id, deployment.spec.name, verb);
      }
    });
  }
}
