/**
 * Scans per CPU second of the scanner, side by side against one nginx on loopback; every scan
 * matches a pattern. Fresh connections beside blackbox_exporter (driven by wrk), kept ones beside
 * Telegraf's http_response, where TELEGRAF names a binary of 1.37. nginx counts the requests of all.
 * Needs Debian's nginx, prometheus-blackbox-exporter and wrk. Usage: node dist/bench/scan-peers.js
 * [seconds a run] [runs]
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock as clock } from '../core/clock.ts';
import { createGate } from '../core/targets.ts';
import { compilePattern } from '../ingest/scans/pattern.ts';
import { createProber } from '../ingest/scans/probe.ts';
import { scanTarget } from '../ingest/scans/target.ts';
import { cpuSecondsOf } from '../test/helpers/proc.ts';
import { median } from './median.ts';

const AT_ONCE = 64;
const PATTERN = 'price: (?P<price>[0-9.]+)';
const PAGE = `<html>${'x'.repeat(480)} price: 42.50 ${'y'.repeat(500)}</html>`;
const AIMS = { fresh: 1.2, kept: 1 };
const TELEGRAF_INSTANCES = 16;
const TELEGRAF_URLS = 2_000;

const seconds = Number(process.argv[2] ?? 10);
const runs = Number(process.argv[3] ?? 3);

/** Something that scans for a while; its CPU seconds are those of one process. */
interface Side {
  readonly name: string;
  run(): Promise<void>;
  cpuSeconds(): number;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === 'object' && address ? address.port : 0;
}

const has = (program: string): boolean => spawnSync('which', [program]).status === 0;

async function answers(url: string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const ok = await fetch(url).then(
      async (answer) => (await answer.arrayBuffer()) !== undefined,
      () => false,
    );
    if (ok) return;
    await clock.sleep(100);
  }
  throw new Error(`nobody answers at ${url}`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const over = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  await over;
}

async function startNginx(dir: string) {
  const port = await freePort();
  await writeFile(join(dir, 'index.html'), PAGE);
  const config = `
daemon off; pid ${dir}/nginx.pid; error_log ${dir}/error.log; worker_processes 1;
events { worker_connections 8192; }
http {
  access_log off; keepalive_requests 1000000; types { text/html html; }
  client_body_temp_path ${dir}; proxy_temp_path ${dir}; fastcgi_temp_path ${dir};
  uwsgi_temp_path ${dir}; scgi_temp_path ${dir};
  server {
    listen 127.0.0.1:${port} backlog=4096; root ${dir};
    location = /status { stub_status; }
    location / { try_files /index.html =404; }
  }
}`;
  await writeFile(join(dir, 'nginx.conf'), config);
  const child = spawn('nginx', ['-c', join(dir, 'nginx.conf')], { stdio: 'inherit' });
  const url = `http://127.0.0.1:${port}`;
  await answers(`${url}/`);
  return {
    port,
    url,
    async requests(): Promise<number> {
      const text = await (await fetch(`${url}/status`)).text();
      return Number(/^ *\d+ +\d+ +(\d+)/m.exec(text)?.[1]);
    },
    stop: () => ended(child),
  };
}

/** `keepAlive`: the option of a monitor. */
function ours(port: number, keepAlive: boolean): Side {
  const gate = createGate({ allowPrivate: [`127.0.0.1:${port}`] });
  const prober = createProber({ gate, clock, version: 'bench' });
  const compiled = compilePattern(PATTERN);
  if (!compiled.ok) throw new Error(compiled.refusal.message);
  const { pattern } = compiled;
  const target = scanTarget({ url: `http://127.0.0.1:${port}/`, pattern, keepAlive });
  return {
    name: keepAlive ? 'ours, kept' : 'ours, fresh',
    async run() {
      const untilMs = clock.monotonicMs() + seconds * 1_000;
      const worker = async (): Promise<void> => {
        while (clock.monotonicMs() < untilMs) {
          const { match, reason, text } = await prober.scan(target);
          if (match?.values.price !== 42.5) throw new Error(`${reason}: ${text}`);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
    },
    cpuSeconds() {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
    stop: () => prober.close(),
  };
}

async function blackbox(dir: string, target: string): Promise<Side> {
  const port = await freePort();
  const config = join(dir, 'blackbox.yml');
  const http = `    http:\n      fail_if_body_not_matches_regexp: ['${PATTERN}']\n`;
  const head = 'modules:\n  page:\n    prober: http\n    timeout: 10s\n';
  await writeFile(config, `${head}${http}      preferred_ip_protocol: ip4\n`);
  const args = [`--config.file=${config}`, `--web.listen-address=127.0.0.1:${port}`];
  const options = ['--log.level=error'];
  const child = spawn('prometheus-blackbox-exporter', [...args, ...options], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}/probe?module=page&target=${encodeURIComponent(target)}`;
  await answers(url);
  const text = await (await fetch(url)).text();
  if (!/^probe_success 1$/m.test(text)) throw new Error(`blackbox_exporter: ${text}`);
  return {
    name: 'blackbox_exporter, fresh',
    async run() {
      const load = ['-t1', `-c${AT_ONCE}`, `-d${seconds}s`, url];
      const driver = spawn('wrk', load, { stdio: 'ignore' });
      await new Promise((done) => driver.once('exit', done));
    },
    cpuSeconds: () => cpuSecondsOf(child.pid!),
    stop: () => ended(child),
  };
}

async function telegraf(dir: string, target: string): Promise<Side> {
  const urls = Array.from({ length: TELEGRAF_URLS }, (_, n) => `"${target}/${n}"`).join(', ');
  const input = `[[inputs.http_response]]
  urls = [${urls}]
  response_timeout = "10s"
  response_string_match = "price: ([0-9.]+)"
`;
  // Asked again as soon as a round is over: an interval that no round can keep.
  const agent = '[agent]\n  interval = "10ms"\n  flush_interval = "1s"\n  omit_hostname = true\n';
  const inputs = Array.from({ length: TELEGRAF_INSTANCES }, () => input).join('');
  const config = join(dir, 'telegraf.conf');
  await writeFile(config, `${agent}[[outputs.discard]]\n${inputs}`);
  const child = spawn(process.env.TELEGRAF ?? '', ['--config', config, '--quiet'], {
    stdio: 'ignore',
  });
  await clock.sleep(2_000);
  return {
    name: 'telegraf, kept',
    run: () => clock.sleep(seconds * 1_000),
    cpuSeconds: () => cpuSecondsOf(child.pid!),
    stop: () => ended(child),
  };
}

type Nginx = Awaited<ReturnType<typeof startNginx>>;

async function rate(side: Side, nginx: Nginx): Promise<number> {
  const before = { cpu: side.cpuSeconds(), requests: await nginx.requests() };
  await side.run();
  const cpu = side.cpuSeconds() - before.cpu;
  return ((await nginx.requests()) - before.requests) / cpu;
}

/** One after the other, in turn, so that the load of the machine meets both. */
async function compare(make: readonly (() => Promise<Side>)[], nginx: Nginx, aim: number) {
  const rates = new Map<string, number[]>();
  for (let run = 0; run < runs; run += 1) {
    for (const start of make) {
      const side = await start();
      try {
        const value = await rate(side, nginx);
        rates.set(side.name, [...(rates.get(side.name) ?? []), value]);
        const load = loadavg()[0]?.toFixed(1);
        console.log(`${side.name}: ${Math.round(value)} scans per CPU second, load ${load}`);
      } finally {
        await side.stop();
      }
    }
  }
  const [first, second] = [...rates.values()].map(median);
  if (first === undefined || second === undefined) return;
  console.log(`${[...rates.keys()].join(' / ')}: ${(first / second).toFixed(2)} x (aim ${aim})`);
}

const dir = await mkdtemp(join(tmpdir(), 'tidemark-peers-'));
// The workers of nginx are another user's.
await chmod(dir, 0o755);
const missing = ['nginx', 'prometheus-blackbox-exporter', 'wrk'].filter((name) => !has(name));
if (missing.length > 0) {
  console.log(`absent: ${missing.join(', ')} (apt-get install nginx-light and the others)`);
  process.exit(1);
}
const nginx = await startNginx(dir);
try {
  const freshOnes = [async () => ours(nginx.port, false), () => blackbox(dir, `${nginx.url}/`)];
  await compare(freshOnes, nginx, AIMS.fresh);
  const keptOnes = [async () => ours(nginx.port, true)];
  if (process.env.TELEGRAF) keptOnes.push(() => telegraf(dir, nginx.url));
  else console.log('telegraf: absent (TELEGRAF names no binary of 1.37)');
  await compare(keptOnes, nginx, AIMS.kept);
} finally {
  await nginx.stop();
  await rm(dir, { recursive: true, force: true });
}
