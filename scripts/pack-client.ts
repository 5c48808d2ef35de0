/**
 * Packs client/ as others install it: compiled, with its types, into `.cache/client/` or the folder
 * that is named. Prints the path of the package. Publishes nothing.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { projectRoot } from '../core/paths.ts';

const folder = resolve(process.argv[2] ?? join(projectRoot, '.cache', 'client'));
const source = join(projectRoot, 'client');
const built = join(folder, 'package');

function run(program: string, options: readonly string[], cwd: string): void {
  execFileSync(program, options, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Compiled on its own: nothing but the language and what browsers have too. */
function compile(): void {
  const require = createRequire(import.meta.url);
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
  const files = readdirSync(source).filter((name) => name.endsWith('.ts'));
  const options = [
    ...['--ignoreConfig', '--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess'],
    ...['--target', 'es2022', '--lib', 'es2022,dom,dom.iterable,dom.asynciterable', '--types', ''],
    ...['--module', 'nodenext', '--declaration', '--rewriteRelativeImportExtensions'],
    ...['--outDir', built],
  ];
  run(process.execPath, [tsc, ...options, ...files], source);
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(built, { recursive: true });
compile();
for (const name of ['package.json', 'README.md']) cpSync(join(source, name), join(built, name));
cpSync(join(projectRoot, 'LICENSE'), join(built, 'LICENSE'));
run('npm', ['pack', '--silent', '--offline', '--pack-destination', folder], built);
const { name, version } = JSON.parse(readFileSync(join(built, 'package.json'), 'utf8')) as {
  readonly name: string;
  readonly version: string;
};
const file = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
process.stdout.write(`${join(folder, file)}\n`);
