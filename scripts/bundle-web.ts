/**
 * Makes the dashboard's files out of web/, beside the compiled code: one script and one style a
 * page, so that a browser asks for four files and not for sixty. tsc has looked at the types.
 */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { projectRoot } from '../core/paths.ts';

const target = join(fileURLToPath(new URL('.', import.meta.url)), '..', 'assets');
const web = join(projectRoot, 'web');
/** As they stand: pages and the icon. */
const COPIED = ['index.html', 'icon.svg', 'docs/index.html'];

rmSync(target, { recursive: true, force: true });
await build({
  entryPoints: ['main.ts', 'main.css', 'docs/docs.ts', 'docs/docs.css'].map((name) =>
    join(web, name),
  ),
  outbase: web,
  outdir: target,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  logLevel: 'warning',
});
for (const name of COPIED) cpSync(join(web, name), join(target, name));
process.stdout.write(`bundled ${target}\n`);
