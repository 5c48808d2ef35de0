import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { isCode } from '../../core/errors.ts';
import { silentLog } from '../../core/log.ts';
import { lockDirectory } from '../../registry/lock.ts';
import { openRegistry } from '../../registry/open.ts';
import { openPGlite } from '../../registry/pglite.ts';
import { unpackPrepared } from '../../registry/prepared.ts';

const root = mkdtempSync(join(tmpdir(), 'tidemark-pglite-'));
after(() => rm(root, { recursive: true, force: true }));
let made = 0;
const freshDir = () => join(root, `d${++made}`);

/** A program that takes the lock of a directory and keeps it until it is killed. */
async function lockHolder(dir: string) {
  const module = new URL('../../registry/lock.js', import.meta.url).href;
  const script = `await (await import('${module}')).lockDirectory(process.argv[1]);
    console.log('held'); setInterval(() => {}, 1e6)`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, dir]);
  await once(child.stdout, 'data');
  return child;
}

describe('PGlite in a directory', () => {
  it('keeps what was written, for the next process only its owner may read', async () => {
    const options = { databaseUrl: undefined, dataDir: freshDir(), log: silentLog };
    const first = await openRegistry(options);
    await first.query("insert into markets values ('x', 's', 'a', 'b', 'ab', false)");
    await first.close();
    await first.close();
    const second = await openRegistry(options);
    assert.deepEqual(await second.query('select pair from markets'), [{ pair: 'ab' }]);
    await second.close();
    assert.equal(statSync(join(options.dataDir, 'registry')).mode & 0o077, 0);
  });

  it('refuses a directory of something else, and leaves it as it was', async () => {
    const dir = freshDir();
    mkdirSync(dir);
    writeFileSync(join(dir, 'diary.txt'), 'dear');
    const packed = freshDir();
    writeFileSync(packed, gzipSync(Buffer.alloc(1024)));
    await assert.rejects(
      openPGlite({ dir, prepared: packed, log: silentLog }),
      /neither empty nor/,
    );
    assert.equal(readFileSync(join(dir, 'diary.txt'), 'utf8'), 'dear');
  });
});

describe('lock of a directory', () => {
  it('lets one process in, and another when that was killed', async () => {
    const dir = freshDir();
    const holder = await lockHolder(dir);
    await assert.rejects(lockDirectory(dir), (error: unknown) => {
      assert.ok(isCode(error, 'conflict'));
      assert.match(
        error.message,
        new RegExp(`in use by process ${holder.pid}: stop it, or set DATA`),
      );
      return true;
    });
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const unlock = await lockDirectory(dir);
    await assert.rejects(lockDirectory(dir), /in use/);
    await unlock();
    await (await lockDirectory(dir))();
    assert.ok(!existsSync(`${dir}.lock`));
  });

  it('takes over from a file that is damaged, or names an id that another has now', async () => {
    const dir = freshDir();
    for (const left of ['', 'nonsense', `${process.ppid} 1`, `${process.pid} 1`]) {
      writeFileSync(`${dir}.lock`, left);
      await (await lockDirectory(dir))();
    }
  });
});

describe('packed directory', () => {
  const header = (name: string, size: number, type: string) => {
    const block = Buffer.alloc(512);
    block.write(name, 0);
    block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
    block.write(type, 156);
    return block;
  };
  const pack = (...blocks: Buffer[]) => {
    const file = freshDir();
    writeFileSync(file, gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)])));
    return file;
  };
  const empty = () => {
    const dir = freshDir();
    mkdirSync(dir);
    return dir;
  };

  it('is unpacked with its folders', async () => {
    const body = Buffer.alloc(512, 'x');
    const dir = empty();
    await unpackPrepared(pack(header('/a', 0, '5'), header('/a/b', 3, '0'), body), dir);
    assert.equal(readFileSync(join(dir, 'a', 'b'), 'utf8'), 'xxx');
  });

  it('never writes outside of its directory, nor unpacks a part', async () => {
    const outside = pack(header('/a/../../evil', 0, '0'));
    await assert.rejects(unpackPrepared(outside, empty()), /outside of the directory/);
    assert.ok(!existsSync(join(root, 'evil')));
    const cut = pack(header('/a', 99_999, '0'));
    const dir = empty();
    await assert.rejects(unpackPrepared(cut, dir), /cut off at \/a/);
    assert.ok(!existsSync(join(dir, 'a')));
  });
});
