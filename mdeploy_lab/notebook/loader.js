// What every widget brings along: a picture of the deployment, and how to come by the interface, which is fetched once per page.
// From the Jupyter server where it has our extension of the same version, else from the kernel.

const COLOURS = { deployed: '#33ea33', failed: 'red', deploying: '#fba500', stopping: '#fba500', stopped: '#aaaaaa' };
const PATIENCE = 15000;
const interfaces = (globalThis.mdeployInterfaces ??= new Map());

/** Where the Jupyter server is, from what its pages tell; null in other front ends. */
function jupyter() {
  try {
    const config = JSON.parse(document.getElementById('jupyter-config-data').textContent);
    const base = new URL(config.baseUrl, location.href).href;
    const extensions = config.fullLabextensionsUrl ?? `${config.baseUrl}lab/extensions`;
    return { base, extensions: new URL(extensions, location.href).href, token: config.token ?? '' };
  } catch {
    return null;
  }
}

function fromKernel(model) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => done(reject, new Error('the kernel does not answer')), PATIENCE);
    const heard = message => {
      if (message?.mdeploy === 'interface') {
        const url = URL.createObjectURL(new Blob([message.code], { type: 'text/javascript' }));
        done(resolve, import(/* webpackIgnore: true */ url));
      }
    };
    const done = (settle, value) => {
      clearTimeout(timer);
      model.off('msg:custom', heard);
      settle(value);
    };
    model.on('msg:custom', heard);
    model.send({ mdeploy: 'interface' });
  });
}

function load(model, page) {
  const asset = model.get('asset');
  if (!interfaces.has(asset)) {
    const served = page === null ? Promise.reject() : import(/* webpackIgnore: true */ `${page.extensions}/mdeploy-lab/static/${asset}`);
    const loading = served.catch(() => fromKernel(model));
    loading.catch(() => interfaces.delete(asset));
    interfaces.set(asset, loading);
  }
  return interfaces.get(asset);
}

/** The deployment as it was last seen, without the interface. */
function picture(model, el) {
  const { name = '', state = '', url = '' } = model.get('snapshot') ?? {};
  const line = document.createElement('div');
  const dot = document.createElement('span');
  dot.textContent = '● ';
  dot.style.color = COLOURS[state] ?? COLOURS.stopped;
  const note = document.createElement('small');
  line.append(dot, document.createTextNode(`${name}: ${state} `), Object.assign(document.createElement('code'), { textContent: url }));
  el.replaceChildren(line, note);
  return text => (note.textContent = text);
}

export default {
  render({ model, el }) {
    const say = picture(model, el);
    const page = jupyter();
    let gone = false;
    let leave = () => {};
    load(model, page).then(
      async part => {
        const mounted = gone ? null : await part.mount({ model, el, page });
        if (gone) mounted?.();
        else leave = mounted;
      },
      () => say('As it was when last seen: nothing answers now. Run the cell again.')
    );
    return () => {
      gone = true;
      leave();
    };
  }
};
