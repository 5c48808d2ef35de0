/** What docs/flux-support.md says is not here: InfluxDB has it, the embedded engine says so. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ABSENT } from '../../scripts/flux-support.ts';
import { call, type Engine, forEachEngine } from '../helpers/engines.ts';

forEachEngine((name, start) => {
  describe(`functions that the embedded engine lacks, on ${name}`, () => {
    let engine: Engine;
    before(async () => {
      engine = await start();
    });
    after(() => engine?.stop());

    for (const absent of ABSENT) {
      it(absent, async () => {
        const script = `x = 1\ny = ${absent}\n`;
        const body = { query: `${script}from(bucket: "tidemark") |> range(start: -1m)` };
        const { status, text } = await call(engine, `POST /api/v2/query?org=${engine.org}`, body);
        if (name === 'influxd') return assert.equal(status, 200, text);
        assert.equal(status, 400, text);
        assert.match(text, new RegExp(`error @2:5-2:\\d+: ${absent} is not supported by the`));
      });
    }
  });
});
