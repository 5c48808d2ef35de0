/** DATA_DIR: whether it can be written, and what earlier runs left in it. */
import { constants } from 'node:fs';
import { access, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { bytesText, type Finding, fail, ok, type Patient, warn } from './finding.ts';
import type { Running } from './ports.ts';

export async function checkData(patient: Patient, running: Running): Promise<Finding[]> {
  const { dataDir } = patient.config;
  const state = await folderState(dataDir);
  if (state !== undefined) return [state];
  if (!(await exists(dataDir))) return [ok('data', `${dataDir} is made at start`)];
  const found = [ok('data', `${dataDir} can be written`)];
  for (const name of await readdir(dataDir)) {
    if (!/^spool(-\w+)?$/.test(name)) continue;
    found.push(...(await checkSpool(join(dataDir, name), running)));
  }
  return found;
}

/** By what the system allows; undefined: it can be written, or made. */
async function folderState(dir: string): Promise<Finding | undefined> {
  const fix = 'set DATA_DIR to a directory of your own';
  for (let place = dir; ; place = dirname(place)) {
    try {
      if (!(await stat(place)).isDirectory()) {
        return fail('data', `DATA_DIR: ${place} is a file`, fix);
      }
      await access(place, constants.W_OK | constants.X_OK);
      return undefined;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' && place !== dirname(place)) continue;
      return fail('data', `DATA_DIR: ${place} cannot be written (${code})`, fix);
    }
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const position = z.object({ segment: z.number(), offset: z.number() });

async function checkSpool(dir: string, running: Running): Promise<Finding[]> {
  const found: Finding[] = [];
  const waiting = await waitingBytes(dir);
  if (waiting > 0 && running.api === undefined) {
    const fix = 'they are sent when Tidemark is started with this DATA_DIR';
    found.push(warn('spool', `${bytesText(waiting)} of points wait in ${dir}`, fix));
  }
  const dead = await bytesIn(join(dir, 'dead'));
  if (dead > 0) {
    const fix = 'each line says why; keep what you want of them and remove the files';
    found.push(warn('dead', `${bytesText(dead)} of refused points in ${join(dir, 'dead')}`, fix));
  }
  return found;
}

/** Behind the read position. One that cannot be read counts as the begin. */
async function waitingBytes(dir: string): Promise<number> {
  const text = await readFile(join(dir, 'position.json'), 'utf8').catch(() => '{}');
  const read = position.safeParse(json(text));
  const from = read.success ? read.data : { segment: 0, offset: 0 };
  let bytes = 0;
  for (const name of await readdir(dir)) {
    const number = Number(/^segment-(\d+)\.log$/.exec(name)?.[1]);
    if (Number.isNaN(number) || number < from.segment) continue;
    const { size } = await stat(join(dir, name));
    bytes += Math.max(0, size - (number === from.segment ? from.offset : 0));
  }
  return bytes;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function bytesIn(dir: string): Promise<number> {
  const names = await readdir(dir).catch(() => []);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(dir, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
