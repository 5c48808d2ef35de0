import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HttpError } from '../../core/http-error.ts';
import { type Address, createGate, isPublic } from '../../core/targets.ts';

const names: Record<string, readonly Address[]> = {
  'public.example': [{ address: '93.184.216.34', family: 4 }],
  'mixed.example': [
    { address: '93.184.216.34', family: 4 },
    { address: '10.0.0.5', family: 4 },
  ],
  'inside.example': [{ address: '10.1.2.3', family: 4 }],
  'inside6.example': [{ address: 'fd00::1', family: 6 }],
  'empty.example': [],
};
const resolve = async (host: string) => names[host] ?? [];

describe('public addresses', () => {
  const yes = ['8.8.8.8', '93.184.216.34', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::808:808'];
  for (const address of yes) it(`${address} is one`, () => assert.equal(isPublic(address), true));
  const no = [
    ...['0.0.0.0', '10.0.0.1', '100.64.0.1', '127.0.0.1', '127.255.0.1', '169.254.169.254'],
    ...[
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '198.18.0.1',
      '224.0.0.1',
      '255.255.255.255',
    ],
    ...['::', '::1', 'fe80::1', 'fe80::1%eth0', 'fc00::1', 'fd12::1', 'ff02::1', '2001:db8::1'],
    ...['::ffff:127.0.0.1', '::ffff:a00:1', '::ffff:169.254.169.254', '64:ff9b::7f00:1'],
    ...[
      '2002:7f00:1::',
      '2002:a9fe:a9fe::',
      '2001:0:4136:e378::1',
      '3fff::1',
      'not an address',
      '',
    ],
  ];
  for (const address of no) {
    it(`${JSON.stringify(address)} is none`, () => assert.equal(isPublic(address), false));
  }
});

describe('the gate', () => {
  const refused = (error: unknown) => error instanceof HttpError && error.fault === 'target';

  it('gives the addresses of a public name, to connect to those very ones', async () => {
    const gate = createGate({ resolve });
    assert.deepEqual(await gate.addresses('public.example', 443), names['public.example']);
  });

  it('refuses a name with one private address among public ones', async () => {
    const gate = createGate({ resolve });
    await assert.rejects(gate.addresses('mixed.example', 80), refused);
    await assert.rejects(gate.addresses('inside.example', 80), refused);
    await assert.rejects(gate.addresses('inside6.example', 80), refused);
  });

  it('reaches listed ranges at any port and listed places at theirs alone', async () => {
    const allowPrivate = ['10.1.0.0/16', '127.0.0.1:9000', '[fd00::1]:8080', 'fd01::/64'];
    const gate = createGate({ resolve, allowPrivate });
    assert.equal((await gate.addresses('inside.example', 1234)).length, 1);
    assert.equal((await gate.addresses('127.0.0.1', 9000)).length, 1);
    assert.equal((await gate.addresses('inside6.example', 8080)).length, 1);
    assert.equal((await gate.addresses('[fd01::7]', 8443)).length, 1);
    await assert.rejects(gate.addresses('127.0.0.1', 9001), refused);
    await assert.rejects(gate.addresses('inside6.example', 8081), refused);
    await assert.rejects(gate.addresses('10.2.0.1', 80), refused);
  });

  it('refuses the ports of other protocols, save at a place that is listed', async () => {
    const gate = createGate({ resolve, allowPrivate: ['10.1.0.0/16', '127.0.0.1:5432'] });
    for (const port of [0, 22, 25, 6379, 5432]) {
      await assert.rejects(gate.addresses('public.example', port), refused, `public ${port}`);
      await assert.rejects(gate.addresses('inside.example', port), refused, `range ${port}`);
    }
    assert.equal((await gate.addresses('127.0.0.1', 5432)).length, 1);
  });

  it('refuses our own services by any name or address of theirs', async () => {
    const services = [
      { host: 'public.example', port: 8086 },
      { host: '0.0.0.0', port: 8001 },
      { host: 'gone.example', port: 9999 },
    ];
    const allowPrivate = ['127.0.0.0/8', '127.0.0.9:8001'];
    const gate = createGate({ resolve, services, allowPrivate });
    await assert.rejects(gate.addresses('public.example', 8086), refused);
    await assert.rejects(gate.addresses('93.184.216.34', 8086), refused);
    await assert.rejects(gate.addresses('::ffff:93.184.216.34', 8086), refused);
    await assert.rejects(gate.addresses('127.0.0.1', 8001), refused);
    assert.equal((await gate.addresses('public.example', 8087)).length, 1);
    assert.equal((await gate.addresses('8.8.8.8', 8086)).length, 1);
    assert.equal((await gate.addresses('127.0.0.1', 8002)).length, 1);
    assert.equal((await gate.addresses('127.0.0.9', 8001)).length, 1, 'a place that is listed');
    assert.equal((await gate.addresses('8.8.8.8', 9999)).length, 1);
  });

  it('stands at the very borders of the ranges', () => {
    const borders = [
      ['172.15.255.255', '172.16.0.0'],
      ['172.32.0.0', '172.31.255.255'],
      ['100.63.255.255', '100.64.0.0'],
      ['100.128.0.0', '100.127.255.255'],
      ['11.0.0.0', '10.255.255.255'],
      ['192.167.255.255', '192.168.0.0'],
      ['198.17.255.255', '198.19.255.255'],
      ['223.255.255.255', '224.0.0.0'],
      ['2001:200::', '2001:1ff::'],
      ['2000::', '1fff::'],
    ];
    for (const [outside = '', inside = ''] of borders) {
      assert.deepEqual([isPublic(outside), isPublic(inside)], [true, false], outside);
    }
  });

  it('names a host without an address', async () => {
    const gate = createGate({ resolve });
    const dns = (error: unknown) => error instanceof HttpError && error.fault === 'dns';
    await assert.rejects(gate.addresses('empty.example', 80), dns);
  });

  it('refuses a list that it cannot read, at construction', () => {
    for (const entry of ['', '10.0.0.0', '10.0.0.0/33', 'localhost:80', '10.0.0.0/x', '::1/129']) {
      assert.throws(() => createGate({ allowPrivate: [entry] }), /not a private target/, entry);
    }
  });
});
