import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Address, createGate } from '../../../core/targets.ts';
import { Alarms } from '../../../ingest/scans/alarms.ts';
import { openHosts, parseHosts } from '../../../ingest/scans/hosts.ts';
import { createProber } from '../../../ingest/scans/probe.ts';
import { createResolver } from '../../../ingest/scans/resolver.ts';
import type { ScanResult } from '../../../ingest/scans/result.ts';
import { scanTarget } from '../../../ingest/scans/target.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { eventually } from '../../helpers/eventually.ts';
import { ok, startSite } from './site.ts';

type Fate = 'silent' | 'refused' | 'answers';

/** Scans a name with these addresses, each of which has its fate; tells which were tried, when. */
async function race(fates: Readonly<Record<string, Fate>>, waitMs: number) {
  const site = await startSite((socket) => ok(socket, 'x'));
  const clock = new ManualClock();
  const tried: (readonly [string, number])[] = [];
  const silent: Socket[] = [];
  const found = Object.keys(fates).map(
    (address): Address => ({ address, family: address.includes(':') ? 6 : 4 }),
  );
  const prober = createProber({
    gate: createGate({ resolve: async () => found }),
    clock,
    version: 'test',
    connect: ({ address }) => {
      tried.push([address, clock.monotonicMs()]);
      if (fates[address] === 'answers') return connect({ host: '127.0.0.1', port: site.port });
      const socket = new Socket();
      if (fates[address] === 'silent') silent.push(socket);
      else socket.destroy(Object.assign(new Error('no'), { code: 'ECONNREFUSED' }));
      return socket;
    },
  });
  let result: ScanResult | undefined;
  const done = prober.scan(scanTarget({ url: 'http://site.example/', timeoutMs: 5_000 }));
  done.then((told) => {
    result = told;
  });
  await eventually(async () => {
    assert.ok(tried.length > 0);
    await clock.advance(result || clock.monotonicMs() >= waitMs ? 0 : 10);
    assert.ok(result);
  });
  await prober.close();
  await site.close();
  const { reason, address } = await done;
  return { reason, address, tried, left: silent.filter(({ destroyed }) => !destroyed).length };
}

describe('connecting', () => {
  it('takes the families in turn, IPv4 first', async () => {
    const fates = {
      '2606:4700::1': 'refused',
      '2606:4700::2': 'answers',
      '93.184.216.1': 'refused',
      '93.184.216.2': 'refused',
    } as const;
    const { tried, reason, address } = await race(fates, 0);
    const order = ['93.184.216.1', '2606:4700::1', '93.184.216.2', '2606:4700::2'];
    assert.deepEqual(
      tried.map(([one]) => one),
      order,
    );
    assert.deepEqual([reason, address], ['ok', '2606:4700::2']);
  });

  it('tries the next address when the first one is silent, and leaves nothing behind', async () => {
    const fates = { '93.184.216.1': 'silent', '2606:4700::1': 'answers' } as const;
    const { tried, reason, left } = await race(fates, 1_000);
    assert.deepEqual([reason, left], ['ok', 0]);
    const [, second] = tried;
    assert.ok(second && second[1] >= 250 && second[1] <= 260, `after ${second?.[1]} ms`);
  });

  it('tells why the first address failed when all of them do', async () => {
    const { reason } = await race({ '93.184.216.1': 'refused', '93.184.216.2': 'refused' }, 0);
    assert.equal(reason, 'refused');
  });

  it('tells faults of its own machine from those of the target', async () => {
    for (const code of ['EMFILE', 'EADDRNOTAVAIL', 'ENOBUFS']) {
      const prober = createProber({
        gate: createGate(),
        clock: new ManualClock(),
        version: 'test',
        connect: () => new Socket().destroy(Object.assign(new Error(code), { code })),
      });
      assert.equal((await prober.scan(scanTarget({ url: 'http://1.1.1.1/' }))).reason, 'local');
      await prober.close();
    }
  });
});

describe('the file of hosts', () => {
  it('is read line by line, comments and nonsense aside', () => {
    const found = parseHosts(
      '127.0.0.1 a b # c\n#x\n::1 a\r\n nonsense d\n10.0.0.1\tB\n10.0.0.1 b\n',
    );
    assert.deepEqual(
      [...found],
      [
        [
          'a',
          [
            { address: '127.0.0.1', family: 4 },
            { address: '::1', family: 6 },
          ],
        ],
        [
          'b',
          [
            { address: '127.0.0.1', family: 4 },
            { address: '10.0.0.1', family: 4 },
          ],
        ],
      ],
    );
  });

  it('is read again when it has changed, and may be absent', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hosts-'));
    const path = join(folder, 'hosts');
    const clock = new ManualClock();
    const hosts = openHosts(path, clock);
    try {
      assert.equal(await hosts.find('a'), undefined);
      await writeFile(path, '10.0.0.1 a');
      assert.equal(await hosts.find('a'), undefined, 'not looked at in between');
      await clock.advance(5_000);
      assert.deepEqual(await hosts.find('a'), [{ address: '10.0.0.1', family: 4 }]);
      const resolve = createResolver({ clock, hostsPath: path, servers: ['127.0.0.1:9'] });
      assert.deepEqual(await resolve('A.'), [{ address: '10.0.0.1', family: 4 }]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('alarms', () => {
  it('ring in their order, each once, up to a step late, unless taken back', async () => {
    const clock = new ManualClock();
    const alarms = new Alarms(clock);
    const rung: string[] = [];
    const set = (name: string, ms: number) =>
      alarms.set(ms, () => rung.push(`${name} ${clock.monotonicMs()}`));
    set('c', 300);
    set('a', 95);
    const back = set('b', 200);
    set('d', 5_000);
    back();
    back();
    assert.ok(clock.waiting <= 2, `${clock.waiting} sleepers`);
    await clock.advance(94);
    assert.deepEqual(rung, []);
    await clock.advance(1_000);
    assert.deepEqual(rung, ['a 100', 'c 300']);
    alarms.close();
    await clock.advance(10_000);
    assert.deepEqual([rung.length, clock.waiting], [2, 0]);
  });

  it('may be set while they ring', async () => {
    const clock = new ManualClock();
    const alarms = new Alarms(clock);
    let rung = 0;
    const again = (): void => {
      rung += 1;
      if (rung < 5) alarms.set(10, again);
    };
    alarms.set(10, again);
    await clock.advance(100);
    assert.equal(rung, 5);
    alarms.close();
  });

  it('that are set while others ring hold up none that come before them', async () => {
    const clock = new ManualClock();
    const alarms = new Alarms(clock);
    const rung: string[] = [];
    const later = () => void alarms.set(5_000, () => rung.push('later'));
    alarms.set(10, later);
    alarms.set(50, () => rung.push(`next ${clock.monotonicMs()}`));
    await clock.advance(100);
    assert.deepEqual(rung, ['next 50']);
    await clock.advance(6_000);
    assert.deepEqual(rung, ['next 50', 'later']);
    alarms.close();
  });
});
