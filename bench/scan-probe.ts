/**
 * Scans per CPU second of the prober, over fresh connections and over kept ones, against a server
 * of its own process on loopback; every scan matches a pattern with a number in it.
 * Usage: node dist/bench/scan-probe.js [scans] [runs]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { loadavg } from 'node:os';
import { systemClock } from '../core/clock.ts';
import { createGate } from '../core/targets.ts';
import { compilePattern } from '../ingest/scans/pattern.ts';
import { createProber, type Prober } from '../ingest/scans/probe.ts';
import { type ScanTarget, scanTarget } from '../ingest/scans/target.ts';

const AT_ONCE = 64;
const AIMS = { fresh: 1_800 * 1.2, kept: 7_200 };

const SERVER = `
const body = '<html>' + 'x'.repeat(480) + ' price: 42.50 ' + 'y'.repeat(500) + '</html>';
require('node:http').createServer({ keepAliveTimeout: 60000 }, (q, r) => {
  r.setHeader('content-type', 'text/html');
  r.end(body);
}).listen(0, '127.0.0.1', function () { console.log(this.address().port); });
`;

async function startServer(): Promise<{ port: number; child: ChildProcess }> {
  const child = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise<string>((told) => child.stdout.once('data', (d) => told(`${d}`)));
  return { port: Number(port), child };
}

async function measure(prober: Prober, target: ScanTarget, scans: number): Promise<number> {
  let left = scans;
  const before = process.cpuUsage();
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const result = await prober.scan(target);
      if (result.match?.values.price !== 42.5) throw new Error(`${result.reason}: ${result.text}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const { user, system } = process.cpuUsage(before);
  return scans / ((user + system) / 1e6);
}

const scans = Number(process.argv[2] ?? 10_000);
const runs = Number(process.argv[3] ?? 3);
const { port, child } = await startServer();
const gate = createGate({ allowPrivate: [`127.0.0.1:${port}`] });
const prober = createProber({ gate, clock: systemClock, version: 'bench' });
const compiled = compilePattern('price: (?P<price>[0-9.]+)');
if (!compiled.ok) throw new Error(compiled.refusal.message);
const { pattern } = compiled;
const url = `http://127.0.0.1:${port}/`;
try {
  for (let run = 0; run < runs; run += 1) {
    for (const kind of ['fresh', 'kept'] as const) {
      const target = scanTarget({ url, pattern, keepAlive: kind === 'kept' });
      if (run === 0) await measure(prober, target, 500);
      const rate = await measure(prober, target, scans);
      const load = loadavg()[0]?.toFixed(1);
      const aim = AIMS[kind];
      console.log(`${kind}: ${Math.round(rate)} scans per CPU second (aim ${aim}), load ${load}`);
    }
  }
} finally {
  await prober.close();
  child.kill();
}
