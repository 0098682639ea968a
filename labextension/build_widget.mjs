// Builds the interface as one file for widgets: with Preact in React's place and the styles inside, for front ends that have
// neither. Its name has a digest of its content, so that a kernel and a server of different versions do not mix.

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stdout } from 'node:process';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const OUT = 'mdeploy_lab/labextension/static';

const styles = await build({
  entryPoints: ['labextension/style/index.css'],
  bundle: true,
  minify: true,
  write: false
});
const code = await build({
  entryPoints: ['labextension/src/widget/mount.tsx'],
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2021',
  jsx: 'transform',
  write: false,
  alias: { react: 'preact/compat', 'react-dom': 'preact/compat', 'react-dom/client': 'preact/compat/client' },
  define: {
    'process.env.NODE_ENV': '"production"',
    MDEPLOY_STYLE: JSON.stringify(styles.outputFiles[0].text)
  }
});
const { contents } = code.outputFiles[0];
const name = `widget-${createHash('sha256').update(contents).digest('hex').slice(0, 16)}.js`;
mkdirSync(OUT, { recursive: true });
for (const old of readdirSync(OUT).filter(each => /^widget-.*\.js$/.test(each))) {
  rmSync(join(OUT, old));
}
writeFileSync(join(OUT, name), contents);
const kilobytes = size => `${(size / 1000).toFixed(0)} kB`;
stdout.write(`${name}: ${kilobytes(contents.length)}, ${kilobytes(gzipSync(contents).length)} gzip\n`);
