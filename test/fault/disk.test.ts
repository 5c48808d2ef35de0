import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { isCode } from '../../core/errors.ts';
import { Sink } from '../helpers/sink.ts';
import {
  inTemporaryDir,
  openWriter,
  pricePoints,
  targetAt,
  until,
} from '../ingest/writer/support.ts';

const run = promisify(execFile);

test('a disk that is really full refuses points, loses none and recovers', async (t) => {
  const sink = await Sink.start();
  const target = targetAt(sink.url);
  await inTemporaryDir(async (dir) => {
    try {
      await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir]);
    } catch {
      return t.skip('no permission to mount a small disk here');
    }
    try {
      sink.behaviour = () => ({ status: 503 });
      const limits = { segmentBytesMax: 100_000 };
      const writer = await openWriter(dir, target, { limits });
      let accepted = 0;
      const fill = async () => {
        for (;;) {
          await writer.accept(pricePoints(200, { first: accepted }));
          accepted += 200;
        }
      };
      for (let round = 0; round < 5; round++) {
        const error = await fill().catch((reason: unknown) => reason);
        assert.ok(isCode(error, 'unavailable'), String(error));
        assert.match((error as Error).message, /disk of the spool is full/);
        assert.ok(accepted > 1_000, `${accepted} points`);
        sink.behaviour = () => ({ status: 204 });
        await until(() => writer.stats().spoolBytes === 0, 'the spool to empty');
        assert.ok(sink.points.size >= accepted);
        sink.behaviour = () => ({ status: 503 });
      }
      sink.behaviour = () => ({ status: 204 });
      await writer.close();
      assert.equal(writer.stats().deadPoints, 0);
      for (let n = 0; n < accepted; n++) {
        const { tags, timeNs } = pricePoints(1, { first: n })[0] as never;
        const { exchange, pair } = tags as Record<string, string>;
        assert.ok(sink.points.has(`price,exchange=${exchange},pair=${pair} ${timeNs}`), `${n}`);
      }
    } finally {
      await run('umount', [dir]);
    }
  });
  await target.close();
  await sink.close();
});
