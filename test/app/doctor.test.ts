import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { hintOf, strangersAmong } from '../../app/commands/help.ts';
import { checkData } from '../../app/doctor/data.ts';
import { examine, exitCodeOf } from '../../app/doctor/examine.ts';
import { type Finding, findingText, ok, type Patient } from '../../app/doctor/finding.ts';
import { checkDescriptors, checkDisk, checkNode, checkPackages } from '../../app/doctor/machine.ts';
import { checkClock, checkExchanges, checkMail } from '../../app/doctor/outside.ts';
import { checkPorts } from '../../app/doctor/ports.ts';
import { checkRunning } from '../../app/doctor/readiness.ts';
import { checkHost, checkKeys, checkPublicUrl, checkSettings } from '../../app/doctor/settings.ts';
import { systemClock } from '../../core/clock.ts';
import { readSettings } from '../../core/config.ts';
import { TidemarkError } from '../../core/errors.ts';
import { runToEnd } from '../helpers/process.ts';

type Settings = Record<string, string>;

function patientOf(settings: Settings = {}, strangers: readonly string[] = []): Patient {
  const { signal } = new AbortController();
  return { ...readSettings(settings), strangers, offline: true, clock: systemClock, signal };
}

const levels = (findings: readonly Finding[]) => findings.map(({ level }) => level).join();

function assertTold(finding: Finding | undefined, level: string, found: RegExp, fix?: RegExp) {
  assert.equal(finding?.level, level, JSON.stringify(finding));
  assert.match(finding!.found, found);
  if (level !== 'ok') assert.match(finding!.fix ?? '', fix ?? /./);
}

const servers: Server[] = [];
async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A web server that answers by path: status and body. */
function web(answers: Readonly<Record<string, readonly [number, string?]>>): Promise<number> {
  const server = createHttpServer((request, response) => {
    const [status, body = ''] = answers[request.url ?? ''] ?? answers['*'] ?? [404];
    response.writeHead(status).end(body);
  });
  return listening(server);
}

let dir: string;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidemark-doctor-'));
});
after(async () => {
  for (const server of servers) server.close();
  await rm(dir, { recursive: true, force: true });
});

describe('doctor: the machine', () => {
  it('wants the Node.js of package.json', () => {
    assertTold(checkNode('20.18.0'), 'ok', /20\.18\.0/);
    assertTold(checkNode('24.1.0'), 'ok', /24/);
    assertTold(checkNode('20.9.0'), 'fail', /20\.9\.0/, /20\.18/);
    assertTold(checkNode('18.20.0'), 'fail', /18/, /nodejs\.org/);
  });

  it('loads the packages that the settings need, and names the one that does not load', async () => {
    const external = { INFLUX_URL: 'http://127.0.0.1:1', INFLUX_TOKEN: 'x' };
    const [all] = await checkPackages(patientOf());
    assertTold(all, 'ok', /flux-lsp-node, @duckdb\/node-api, @electric-sql\/pglite/);
    const [fewer] = await checkPackages(patientOf(external));
    assert.doesNotMatch(fewer!.found, /duckdb/);
    const [gone] = await checkPackages(patientOf(), ['@duckdb/not-there']);
    assertTold(gone, 'fail', /@duckdb\/not-there.*Cannot find package/, /npm ci/);
  });

  it('knows how much disk may be wanted', async () => {
    const patient = patientOf({ DATA_DIR: dir, SPOOL_BYTES_MAX: '4GB', RETENTION: '30d' });
    assertTold(await checkDisk(patient, 500e6), 'fail', /500 MB free/);
    assertTold(await checkDisk(patient, 13e9), 'warn', /13 GB/, /spools up to 12 GB.*30d about/);
    assertTold(await checkDisk(patient, 1e12), 'ok', /1000 GB/);
    assert.ok(['ok', 'warn', 'fail'].includes((await checkDisk(patient)).level));
  });

  it('knows how many files may be wanted', () => {
    const patient = patientOf({ SCAN_CONCURRENCY: '10000' });
    assertTold(checkDescriptors(patient, 1_024), 'warn', /1024.*10544/, /SCAN_CONCURRENCY/);
    assertTold(checkDescriptors(patient, 65_536), 'ok', /65536/);
    assertTold(checkDescriptors(patient, undefined), 'ok', /./);
  });
});

describe('doctor: the settings', () => {
  it('tells all mistakes, and goes on with what is usual', () => {
    const patient = patientOf({ PORT: 'x', RETENTION: '5', INFLUX_URL: 'http://influxdb:8086' });
    assert.equal(patient.config.port, 8001);
    const findings = checkSettings(patient);
    assert.equal(levels(findings), 'fail,fail,fail');
    assertTold(findings[0], 'fail', /^PORT: expected a port/, /PORT/);
    assertTold(findings[2], 'fail', /^INFLUX_TOKEN: needed/);
    assert.equal(levels(checkSettings(patientOf())), 'ok');
  });

  it('tells what only looks like a setting', () => {
    const names = [
      'INFLUX_ULR',
      'SCAN_CONCURENCY',
      'INFLUX_HOST',
      'PATH',
      'HOSTNAME',
      'npm_config',
    ];
    const known = ['INFLUX_URL', 'INFLUX_PORT', 'SCAN_CONCURRENCY', 'HOST', 'PORT'];
    const strangers = strangersAmong(names, known);
    assert.deepEqual(strangers, [
      'INFLUX_ULR: did you mean INFLUX_URL?',
      'SCAN_CONCURENCY: did you mean SCAN_CONCURRENCY?',
    ]);
    const [first] = checkSettings(patientOf({}, strangers));
    assertTold(first, 'warn', /INFLUX_ULR/, /INFLUX_URL/);
  });

  it('tells keys that are absent or weak', () => {
    const keys = (API_KEYS: string, HOST = '127.0.0.1') => checkKeys(patientOf({ API_KEYS, HOST }));
    assertTold(keys('')[0], 'ok', /open to this machine/);
    assertTold(keys('', '0.0.0.0')[0], 'warn', /HOST is 0\.0\.0\.0/, /keys create/);
    assertTold(keys('a:read:1234567890abcdef')[0], 'warn', /of a has 16 characters/, /openssl/);
    assertTold(keys('a:read:abababababababababababab')[0], 'warn', /few characters/);
    assertTold(keys('a:read:my-password-0f2c9e7b61d8')[0], 'warn', /usual word/);
    assertTold(keys('a:read:9f2c61d80b7e4a35c1f09d6e')[0], 'ok', /1 in API_KEYS/);
    assert.doesNotMatch(JSON.stringify(keys('a:read:1234567890abcdef')), /1234567890abcdef/);
  });

  it('tells links that lead nowhere or in the clear', () => {
    const url = (settings: Settings) => checkPublicUrl(patientOf(settings));
    assertTold(url({}), 'ok', /127\.0\.0\.1:8001/);
    assertTold(url({ HOST: '0.0.0.0' }), 'warn', /0\.0\.0\.0/, /PUBLIC_URL/);
    assertTold(url({ PUBLIC_URL: 'http://tidemark.example' }), 'warn', /not encrypted/);
    assertTold(url({ PUBLIC_URL: 'https://tidemark.example' }), 'ok', /https/);
  });

  it('tells a HOST that is no address of this machine', () => {
    assertTold(
      checkHost(patientOf({ HOST: '203.0.113.9' }))[0],
      'fail',
      /203\.0\.113\.9/,
      /0\.0\.0\.0/,
    );
    assert.deepEqual(checkHost(patientOf({ HOST: '0.0.0.0' })), []);
  });
});

describe('doctor: ports', () => {
  it('tells free ones, strangers by their process, and a Tidemark', async () => {
    const taken = await web({ '*': [200, 'hello'] });
    const ours = await web({ '/openapi.json': [200, '{"title":"Tidemark","version":"0.1.0"}'] });
    const engine = await web({ '/health': [200, '{"name":"influxdb","commit":"tidemark"}'] });
    const look = (PORT: number, INFLUX_PORT: number) =>
      checkPorts(patientOf({ PORT: String(PORT), INFLUX_PORT: String(INFLUX_PORT) }));

    const bad = await look(taken, taken);
    assert.equal(levels(bad.findings), 'fail,fail');
    assertTold(bad.findings[0], 'fail', new RegExp(`taken by .*pid ${process.pid}`), /PORT/);
    assert.equal(bad.running.api, undefined);
    const good = await look(ours, engine);
    assertTold(good.findings[0], 'ok', /a running Tidemark \(0\.1\.0\)/);
    assertTold(good.findings[1], 'ok', /engine of a running Tidemark/);
    assert.equal(good.running.engine, `http://127.0.0.1:${engine}`);
    assert.equal(levels((await look(0, 0)).findings), 'ok,ok');
  });
});

describe('doctor: DATA_DIR', () => {
  const none = { api: undefined, engine: undefined };

  it('is well with one that is not there yet, and does not make it', async () => {
    const DATA_DIR = join(dir, 'not', 'there');
    assertTold((await checkData(patientOf({ DATA_DIR }), none))[0], 'ok', /made at start/);
    assert.deepEqual(await readdir(dir), []);
  });

  it('tells a file in its place', async () => {
    await writeFile(join(dir, 'file'), '');
    const DATA_DIR = join(dir, 'file', 'data');
    const [found] = await checkData(patientOf({ DATA_DIR }), none);
    assertTold(found, 'fail', /file/, /DATA_DIR/);
  });

  it('tells points that wait and points that were refused', async () => {
    const DATA_DIR = join(dir, 'data');
    const spool = join(DATA_DIR, 'spool');
    await mkdir(join(spool, 'dead'), { recursive: true });
    await writeFile(join(spool, 'segment-000000000001.log'), 'x'.repeat(500));
    await writeFile(join(spool, 'segment-000000000002.log'), 'x'.repeat(3_000));
    await writeFile(join(spool, 'position.json'), '{"segment":2,"offset":1000}');
    await writeFile(join(spool, 'dead', 'dead-letters.ndjson'), '{}\n');
    const findings = await checkData(patientOf({ DATA_DIR }), none);
    assertTold(findings[1], 'warn', /^2 kB of points wait/, /started/);
    assertTold(findings[2], 'warn', /refused points/, /says why/);
    const running = { ...none, api: 'http://127.0.0.1:1' };
    assert.equal(levels(await checkData(patientOf({ DATA_DIR }), running)), 'ok,warn');
  });
});

describe('doctor: what is outside', () => {
  it('tells exchanges that refuse this region, ask for a pause or are not there', async () => {
    const port = await web({ '*': [200, '{}'] });
    const refusing = await web({ '*': [451] });
    const busy = await web({ '*': [429] });
    const { findings, aheadMs } = await checkExchanges(
      patientOf({
        EXCHANGES: 'kraken,bitfinex,okx,gemini',
        EXCHANGE_KRAKEN_URL: `http://127.0.0.1:${port}`,
        EXCHANGE_BITFINEX_URL: `http://127.0.0.1:${refusing}`,
        EXCHANGE_OKX_URL: `http://127.0.0.1:${busy}`,
        EXCHANGE_GEMINI_URL: 'http://gemini.invalid',
      }),
    );
    assertTold(findings[0], 'ok', /1 of 4 answer/);
    const of = (id: string) => findings.find(({ found }) => found.startsWith(id));
    assertTold(of('bitfinex'), 'warn', /region \(451\)/, /EXCHANGE_BITFINEX_URL/);
    assertTold(of('okx'), 'warn', /pause \(429\)/, /wait/);
    assertTold(of('gemini'), 'warn', /no address/, /DNS/);
    assert.equal(aheadMs.length, 3);
    assert.ok(aheadMs.every((ms) => Math.abs(ms) < 5_000));
  });

  it('tells exchanges that nobody knows, and no network at all', async () => {
    const { findings } = await checkExchanges(patientOf({ EXCHANGES: 'krakn' }));
    assertTold(findings[0], 'fail', /no krakn/, /kraken/);
    const settings = { EXCHANGES: 'kraken', EXCHANGE_KRAKEN_URL: 'http://kraken.invalid' };
    const none = await checkExchanges(patientOf(settings));
    assertTold(none.findings[0], 'fail', /none of 1 answers/, /demo/);
  });

  it('tells a mail server from another server and from none', async () => {
    const mail = await listening(createServer((socket) => void socket.end('220 mail ESMTP\r\n')));
    const other = await listening(createServer((socket) => void socket.end('SSH-2.0\r\n')));
    const smtp = (port: number) =>
      checkMail(patientOf({ SMTP_URL: `smtp://127.0.0.1:${port}`, SMTP_FROM: 'a@b.example' }));
    assertTold(await smtp(mail), 'ok', /takes mail/);
    assertTold(await smtp(other), 'fail', /no mail server: "SSH/, /587/);
    assertTold(await smtp(1), 'fail', /does not answer/);
    assertTold(await checkMail(patientOf()), 'ok', /no SMTP_URL/);
  });

  it('tells a clock that is off by what most others say', () => {
    assertTold(checkClock([100, -300, 700])[0], 'ok', /right/);
    assertTold(checkClock([4_000, 4_100, -90_000])[0], 'warn', /4\.0 s behind/, /NTP/);
    assertTold(checkClock([-3_600_000])[0], 'fail', /3600\.0 s ahead of/);
    assert.deepEqual(checkClock([]), []);
  });

  it('repeats what a running Tidemark says of itself', async () => {
    const checks = [
      { name: 'prices', ok: true },
      { name: 'tasks', ok: false, reason: 'rank is behind', fix: 'look at its runs' },
    ];
    const port = await web({ '/readyz': [503, JSON.stringify({ status: 'not-ready', checks })] });
    const at = { api: `http://127.0.0.1:${port}`, engine: undefined };
    const [found] = await checkRunning(patientOf(), at);
    assertTold(found, 'warn', /tasks: rank is behind/, /look at its runs/);
  });
});

describe('tidemark doctor', () => {
  it('is well in an empty directory, as a program and as text, and leaves nothing there', async () => {
    const DATA_DIR = join(dir, 'empty');
    const args = ['doctor', '--offline', '--json'];
    const { code, stdout, stderr } = await runToEnd({ args, settings: { DATA_DIR } });
    const findings = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Finding);
    const bad = findings.filter(({ level }) => level === 'fail');
    assert.deepEqual(bad, [], stderr);
    assert.equal(code, exitCodeOf(findings));
    assert.ok(findings.length >= 10);
    assert.ok(!(await readdir(dir)).includes('empty'));
    const text = await runToEnd({ args: ['doctor', '--offline'], settings: { DATA_DIR } });
    assert.match(text.stdout, /^ok {4}node {8}Node\.js/);
    assert.ok(!text.stdout.includes('\u001b['), 'colour is for terminals');
  });

  it('runs with settings that are wrong, where other commands stop', async () => {
    const settings = { DATA_DIR: join(dir, 'x'), RETENTION: 'soon', INFLUX_ULR: 'http://x' };
    const wrong = await runToEnd({ args: ['doctor', '--offline'], settings });
    assert.equal(wrong.code, 1);
    assert.match(wrong.stdout, /fail {2}settings {4}RETENTION: expected/);
    assert.match(wrong.stdout, /did you mean INFLUX_URL/);
    const other = await runToEnd({ args: ['migrate'], settings });
    assert.equal(other.code, 64);
    assert.match(other.stderr, /no setting of that name: INFLUX_ULR/);
  });

  it('says nothing more when it is stopped: what it finds then is no finding', async () => {
    const told: Finding[] = [];
    const stop = new AbortController();
    const patient = { ...patientOf({ DATA_DIR: join(dir, 'x') }), signal: stop.signal };
    const why = new TidemarkError('cancelled', 'stopped');
    const tell = (finding: Finding) => {
      told.push(finding);
      stop.abort(why);
    };
    await assert.rejects(examine(patient, tell), why);
    assert.equal(told.length, 1);
  });

  it('ends by the worst of what was found', () => {
    const warning: Finding = { level: 'warn', what: 'x', found: 'y', fix: 'z' };
    assert.equal(exitCodeOf([ok('x', 'y')]), 0);
    assert.equal(exitCodeOf([ok('x', 'y'), warning]), 2);
    assert.equal(exitCodeOf([{ ...warning, level: 'fail' }, warning]), 1);
    assert.ok(findingText(warning, true).startsWith('\u001b[33mwarn'));
    assert.equal(hintOf('doctr', ['doctor', 'start']), ' Did you mean "doctor"?');
    assert.equal(hintOf('xyzzy', ['doctor', 'start']), '');
  });
});
