/**
 * Packs an initialised PGlite directory into dist/ (or the folder given as argument), so that the
 * first start of a user does not run initdb. Packed once into .cache/, copied from there later.
 */
import { copyFileSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { projectRoot } from '../core/paths.ts';
import { startParameters } from '../registry/pglite.ts';
import { preparedName } from '../registry/prepared.ts';

const target = resolve(projectRoot, process.argv[2] ?? 'dist', preparedName());
const cached = join(projectRoot, '.cache', preparedName());

if (!existsSync(cached)) {
  const lite = await PGlite.create({ startParams: startParameters() });
  await lite.exec('checkpoint');
  const packed = await lite.dumpDataDir('gzip');
  await lite.close();
  mkdirSync(join(projectRoot, '.cache'), { recursive: true });
  writeFileSync(`${cached}.${process.pid}`, Buffer.from(await packed.arrayBuffer()));
  renameSync(`${cached}.${process.pid}`, cached);
}
if (target !== cached) {
  mkdirSync(resolve(target, '..'), { recursive: true });
  copyFileSync(cached, target);
}
process.stdout.write(`prepared ${target}\n`);
