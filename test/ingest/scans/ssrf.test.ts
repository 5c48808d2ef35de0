import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../../core/clock.ts';
import { type Address, createGate } from '../../../core/targets.ts';
import type { OpenSocket } from '../../../ingest/scans/dial.ts';
import { createProber } from '../../../ingest/scans/probe.ts';
import { createResolver } from '../../../ingest/scans/resolver.ts';
import type { ScanResult } from '../../../ingest/scans/result.ts';
import { scanTarget } from '../../../ingest/scans/target.ts';
import { type NameServer, startNames } from './names.ts';
import { answer, ok, proberFor, type Site, scanOnce, startSite } from './site.ts';

const PUBLIC = '93.184.216.34';

/** Public addresses lead to a site on loopback; what is asked for is written down. */
function reroute(to: () => number, asked: string[]): OpenSocket {
  return ({ address, family }, port) => {
    asked.push(family === 6 ? `[${address}]:${port}` : `${address}:${port}`);
    return connect({ host: '127.0.0.1', port: to() });
  };
}

describe('private addresses', () => {
  /** What nobody may reach: it counts who comes. */
  let inside: Site;
  let inside6: Site | undefined;
  before(async () => {
    inside = await startSite((socket) => ok(socket, 'secret'));
    // Not every machine has IPv6.
    inside6 = await startSite((socket) => ok(socket, 'secret'), { host: '::1' }).catch(
      () => undefined,
    );
  });
  after(async () => {
    await inside.close();
    await inside6?.close();
  });

  /** Scanned without any permission: blocked, and not one connection is tried. */
  async function blocked(url: string): Promise<ScanResult> {
    const asked: string[] = [];
    const sites: Site[] = [];
    const result = await scanOnce({ url }, { sites, connect: reroute(() => inside.port, asked) });
    assert.equal(result.reason, 'blocked', `${url}: ${result.reason} ${result.text}`);
    assert.deepEqual(asked, [], `${url} was connected to`);
    return result;
  }

  it('are refused in every way to write 127.0.0.1', async () => {
    const hosts = [
      ...['127.0.0.1', '127.1', '0', '2130706433', '0x7f.1', '0177.0.0.1', '017700000001'],
      ...['\uff11\uff12\uff17.0.0.1', '\u2460\u2461\u2466.0.0.1', '%31%32%37.0.0.1'],
      ...['127\u30020\u30020\u30021', '127.0.0.1.', '0x7f000001', '127.000.000.001', '0.0.0.0'],
    ];
    for (const host of hosts) {
      await blocked(`http://${host}:${inside.port}/`);
      // And with nothing in between: the listener itself sees nobody.
      const result = await scanOnce({ url: `http://${host}:${inside.port}/` }, { sites: [] });
      assert.equal(result.reason, 'blocked', host);
    }
    for (const url of [
      `http:127.0.0.1:${inside.port}`,
      `http:/\\127.0.0.1:${inside.port}`,
      `http://127\t.0.0\n.1:${inside.port}/`,
      `\thttp://127.0.0.1:${inside.port}/`,
    ]) {
      await blocked(url);
    }
    assert.equal(inside.connections, 0);
  });

  it('are refused in every form of IPv6', async () => {
    const hosts = [
      ...['::1', '::', '::ffff:127.0.0.1', '::ffff:7f00:1', '::127.0.0.1', '64:ff9b::7f00:1'],
      ...['64:ff9b:1::1', '2002:7f00:1::', '2001::1', '2001:1ff::1', 'fc00::1', 'fdff::1'],
      ...['fe80::1', 'febf::1', 'ff02::1', '5f00::1', '100::1', '2001:db8::1', '3fff::1'],
      ...['::ffff:10.0.0.1', '64:ff9b::a00:1', '2002:a00:1::'],
    ];
    for (const host of hosts) await blocked(`http://[${host}]:8080/`);
    if (inside6) {
      const result = await scanOnce({ url: `http://[::1]:${inside6.port}/` }, { sites: [] });
      assert.equal(result.reason, 'blocked');
      assert.equal(inside6.connections, 0);
    }
    assert.throws(() => scanTarget({ url: 'http://[fe80::1%25eth0]/' }), /not a target: url/);
  });

  it('are refused in every range that is not of the internet, to the very borders', async () => {
    const inner = [
      ...['0.0.0.1', '10.0.0.1', '100.64.0.0', '100.127.255.255', '127.255.255.255'],
      ...['169.254.169.254', '169.254.170.2', '172.16.0.0', '172.31.255.255', '192.0.0.1'],
      ...['192.0.2.1', '192.88.99.1', '192.168.255.255', '198.18.0.0', '198.19.255.255'],
      ...['198.51.100.1', '203.0.113.1', '224.0.0.1', '240.0.0.1', '255.255.255.255'],
    ];
    for (const host of inner) await blocked(`http://${host}/`);
    const outer = ['172.15.255.255', '172.32.0.0', '100.63.255.255', '100.128.0.0', '11.0.0.0'];
    const asked: string[] = [];
    const site = await startSite((socket) => ok(socket, 'public'));
    try {
      for (const host of outer) {
        const url = `http://${host}/`;
        const result = await scanOnce(
          { url },
          { sites: [], connect: reroute(() => site.port, asked) },
        );
        assert.equal(result.reason, 'ok', host);
      }
      assert.deepEqual(
        asked,
        outer.map((host) => `${host}:80`),
      );
    } finally {
      await site.close();
    }
  });

  it('are not hidden by a user, a fragment or a backslash', async () => {
    await blocked(`http://good.example@127.0.0.1:${inside.port}/`);
    await blocked(`http://127.0.0.1:${inside.port}\\@good.example/`);
    await blocked(`http://127.0.0.1:${inside.port}#@good.example/`);
    // One parser reads it, so that there is one host: nobody else's reading counts.
    const asked: string[] = [];
    const connectTo = reroute(() => inside.port, asked);
    const url = 'http://1.1.1.1 &@2.2.2.2# @3.3.3.3/';
    await scanOnce({ url }, { sites: [], connect: connectTo });
    assert.deepEqual(asked, ['2.2.2.2:80']);
  });

  it('are reached at the exact places that an operator lists', async () => {
    const before = inside.connections;
    const url = `http://127.1:${inside.port}/`;
    const result = await scanOnce({ url }, { sites: [inside] });
    assert.equal(result.reason, 'ok', result.text);
    assert.equal(inside.connections, before + 1);
  });

  it('look the same whether something listens there or not', async () => {
    const open = await blocked(`http://127.0.0.1:${inside.port}/`);
    const shut = await blocked('http://127.0.0.1:1/');
    const told = ({ reason, text, address, phases }: ScanResult) => [
      ...[reason, text, address],
      Object.keys(phases),
    ];
    assert.deepEqual(told(open), told(shut));
    assert.doesNotMatch(open.text, /\d/, 'no address in the text');
  });

  it('stay refused when the environment names a proxy', async () => {
    const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'ALL_PROXY'];
    const before = names.map((name) => process.env[name]);
    const seen = inside.connections;
    for (const name of names) process.env[name] = `http://127.0.0.1:${inside.port}`;
    try {
      const result = await scanOnce({ url: 'http://127.0.0.1:9/' }, { sites: [] });
      assert.equal(result.reason, 'blocked');
    } finally {
      for (const [at, name] of names.entries()) {
        if (before[at] === undefined) delete process.env[name];
        else process.env[name] = before[at];
      }
    }
    assert.equal(inside.connections, seen);
  });

  it('end a target that was allowed once, without being asked again', async () => {
    let lookups = 0;
    const resolve = async (): Promise<Address[]> => {
      lookups += 1;
      return [{ address: '127.0.0.1', family: 4 }];
    };
    const url = `http://site.example:${inside.port}/`;
    assert.equal((await scanOnce({ url }, { sites: [inside], resolve })).reason, 'ok');
    const seen = inside.connections;
    assert.equal((await scanOnce({ url }, { sites: [], resolve })).reason, 'blocked');
    assert.deepEqual([lookups, inside.connections], [2, seen]);
  });
});

describe('names', () => {
  let names: NameServer;
  let inside: Site;
  before(async () => {
    names = await startNames();
    inside = await startSite((socket) => ok(socket, 'page'));
  });
  after(async () => {
    await names.close();
    await inside.close();
  });

  /** Every public address leads to the site; nothing private may be reached. */
  async function scan(host: string): Promise<{ result: ScanResult; asked: string[] }> {
    const asked: string[] = [];
    const resolve = createResolver({
      clock: systemClock,
      servers: [names.server],
      hostsPath: '/nowhere',
      timeoutMs: 150,
      tries: 1,
    });
    const connectTo = reroute(() => inside.port, asked);
    const url = `http://${host}:8080/`;
    const result = await scanOnce({ url }, { sites: [], resolve, connect: connectTo });
    return { result, asked };
  }

  it('that lead inside are refused, also among public addresses and behind others', async () => {
    names.set('inside.example', { a: ['10.0.0.7'] });
    names.set('mixed.example', { a: [PUBLIC, '127.0.0.1'] });
    names.set('six.example', { a: [PUBLIC], aaaa: ['fd00::1'] });
    names.set('chain.example', { cname: 'link.example' });
    names.set('link.example', { cname: 'inside.example' });
    names.set('metadata.example', { a: ['169.254.169.254'] });
    const hosts = ['inside', 'mixed', 'six', 'chain', 'metadata'].map((name) => `${name}.example`);
    for (const host of [...hosts, 'localhost', 'localhost.', 'x.localhost', 'LOCALHOST']) {
      const { result, asked } = await scan(host);
      assert.equal(result.reason, 'blocked', `${host}: ${result.text}`);
      assert.deepEqual(asked, [], host);
    }
    assert.equal(inside.connections, 0);
  });

  it('are asked for once: a second answer is never heard', async () => {
    names.set('rebound.example', { a: [PUBLIC], ttl: 0 }, { a: ['127.0.0.1'], ttl: 0 });
    const from = names.questions.length;
    const { result, asked } = await scan('rebound.example');
    assert.equal(result.reason, 'ok', result.text);
    assert.deepEqual(asked, [`${PUBLIC}:8080`]);
    assert.deepEqual(names.questions.slice(from).sort(), [
      'A rebound.example',
      'AAAA rebound.example',
    ]);
    // The next scan asks anew, and is refused.
    const next = await scan('rebound.example');
    assert.deepEqual([next.result.reason, next.asked], ['blocked', []]);
  });

  it('without an address are told apart', async () => {
    names.set('empty.example', {});
    names.set('broken.example', { rcode: 2 });
    names.set('silent.example', { silent: true });
    const told = async (host: string) => (await scan(host)).result;
    assert.deepEqual((await told('nothing.example')).text, 'there is no such name');
    assert.deepEqual((await told('empty.example')).text, 'the name has no address');
    assert.deepEqual((await told('broken.example')).text, 'the name server failed');
    const silent = await told('silent.example');
    assert.deepEqual([silent.reason, silent.failedIn], ['timeout-dns', 'dns']);
    const long = await told(`${'x'.repeat(64)}.example`);
    assert.ok(['dns', 'invalid'].includes(long.reason), long.reason);
  });

  it('with hundreds of addresses are tried at a few of them', async () => {
    const a = Array.from({ length: 500 }, (_, at) => `93.184.${at >> 8}.${at & 255}`);
    names.set('many.example', { a });
    const { result, asked } = await scan('many.example');
    assert.equal(result.reason, 'ok', result.text);
    assert.equal(asked.length, 1);
    names.set('many.example', { a: [...a, '10.0.0.1'] });
    assert.equal((await scan('many.example')).result.reason, 'blocked');
  });

  it('answered by one family alone are not held up by the other', async () => {
    names.set('half.example', { a: [PUBLIC], silent: 'aaaa' });
    const { result, asked } = await scan('half.example');
    assert.equal(result.reason, 'ok', result.text);
    assert.deepEqual(asked, [`${PUBLIC}:8080`]);
  });
});

describe('redirects', () => {
  let inside: Site;
  before(async () => {
    inside = await startSite((socket) => ok(socket, 'secret'));
  });
  after(() => inside.close());

  async function follow(location: string): Promise<{ result: ScanResult; asked: string[] }> {
    const site = await startSite((socket) =>
      answer(socket, ['HTTP/1.1 302 Found', `location: ${location}`, 'content-length: 0']),
    );
    const asked: string[] = [];
    const resolve = async (host: string): Promise<Address[]> => [
      { address: host === 'inside.example' ? '10.0.0.7' : PUBLIC, family: 4 },
    ];
    try {
      const url = 'http://site.example/';
      const connectTo = reroute(() => site.port, asked);
      const result = await scanOnce({ url }, { sites: [], resolve, connect: connectTo });
      return { result, asked };
    } finally {
      await site.close();
    }
  }

  it('to private addresses, names that lead there and other services are blocked', async () => {
    for (const location of [
      `http://127.0.0.1:${inside.port}/`,
      `http://2130706433:${inside.port}/`,
      `//127.1:${inside.port}/`,
      `http://[::ffff:127.0.0.1]:${inside.port}/`,
      'http://inside.example/',
      'http://169.254.169.254/latest/meta-data/',
      ...['22', '25', '6379', '5432'].map((port) => `http://site.example:${port}/`),
    ]) {
      const { result, asked } = await follow(location);
      assert.equal(result.reason, 'blocked', `${location}: ${result.reason}`);
      assert.deepEqual(asked, [`${PUBLIC}:80`], location);
      assert.deepEqual(
        result.hops.map(({ status }) => status),
        [302, undefined],
        'the chain is told',
      );
    }
    assert.equal(inside.connections, 0);
  });

  it('to other schemes are not followed', async () => {
    for (const location of [
      'file:///etc/passwd',
      'gopher://x/',
      'data:,x',
      'javascript:1',
      'http://',
    ]) {
      const { result, asked } = await follow(location);
      assert.equal(result.reason, 'redirect', location);
      assert.equal(asked.length, 1);
    }
  });

  it('to another origin carry no header of the target, nor credentials of the location', async () => {
    const other = await startSite((socket) => ok(socket, 'end'));
    const site = await startSite((socket) =>
      answer(socket, [
        'HTTP/1.1 302 Found',
        `location: http://user:pass@127.0.0.1:${other.port}/x`,
        'content-length: 0',
      ]),
    );
    try {
      const url = `http://me:secret@127.0.0.1:${site.port}/`;
      const headers = { Cookie: 'a=1', 'X-Token': 'b', Authorization: 'Bearer c' };
      for (const given of [{ url }, { url, headers }]) {
        const result = await scanOnce(given, { sites: [site, other] });
        assert.equal(result.reason, 'ok', result.text);
        assert.doesNotMatch(JSON.stringify(result), /secret|pass@|me:/);
      }
      assert.match(site.requests[0] ?? '', /authorization: Basic bWU6c2VjcmV0/i);
      assert.match(site.requests[1] ?? '', /authorization: Bearer c/i);
      assert.match(site.requests[1] ?? '', /x-token: b/i);
      for (const head of other.requests) {
        assert.doesNotMatch(head, /authorization|cookie|x-token/i);
      }
      assert.equal(other.requests.length, 2);
    } finally {
      await Promise.all([site.close(), other.close()]);
    }
  });

  it('keep the headers at home', async () => {
    const site: Site = await startSite((socket, head) => {
      if (head.startsWith('GET /end')) return ok(socket, 'end');
      return answer(socket, ['HTTP/1.1 301 Moved', 'location: /end', 'content-length: 0']);
    });
    try {
      const url = `${site.url}/`;
      const result = await scanOnce({ url, headers: { 'X-Token': 'b' } }, { sites: [site] });
      assert.equal(result.reason, 'ok', result.text);
      assert.match(site.requests[1] ?? '', /x-token: b/);
    } finally {
      await site.close();
    }
  });
});

it('a kept connection was checked like any other', async () => {
  const site = await startSite((socket) => ok(socket, 'x'));
  const prober = proberFor([site]);
  const strict = createProber({ gate: createGate(), clock: systemClock, version: 'test' });
  try {
    const target = scanTarget({ url: `${site.url}/`, keepAlive: true });
    assert.equal((await prober.scan(target)).reason, 'ok');
    assert.equal((await prober.scan(target)).reason, 'ok');
    assert.equal((await strict.scan(target)).reason, 'blocked');
    assert.equal(site.connections, 1);
  } finally {
    await Promise.all([prober.close(), strict.close()]);
    await site.close();
  }
});
