import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TlsOptions } from 'node:tls';
import type { Reason } from '../../../ingest/scans/outcome.ts';
import type { ScanResult } from '../../../ingest/scans/result.ts';
import { type CertificateOptions, type Issued, issue } from './certificates.ts';
import { ok, type Site, scanOnce, startSite } from './site.ts';

const DAY_MS = 86_400_000;
const inDays = (days: number): Date => new Date(Date.now() + days * DAY_MS);

describe('a secure connection', () => {
  let root: Issued;
  const sites: Site[] = [];
  before(() => {
    root = issue({ name: 'Test Root', ca: true, notAfter: inDays(3000) });
  });
  after(() => Promise.all(sites.map((site) => site.close())));

  /** Scans a site with this certificate by its name, which leads to it. */
  async function scan(
    leaf: Issued,
    { host = 'shop.example', chain = [] as Issued[], tls = {} as TlsOptions } = {},
  ): Promise<{ result: ScanResult; site: Site }> {
    const cert = [leaf, ...chain].map((one) => one.cert).join('');
    const site = await startSite((socket) => ok(socket, 'fine'), {
      tls: { cert, key: leaf.key, ...tls },
    });
    sites.push(site);
    const resolve = async () => [{ address: '127.0.0.1', family: 4 as const }];
    const url = `https://${host}:${site.port}/`;
    const result = await scanOnce({ url }, { sites: [site], resolve, ca: [root.cert] });
    return { result, site };
  }
  const leafOf = (more: Partial<CertificateOptions> = {}): Issued =>
    issue({ name: 'shop.example', hosts: ['shop.example'], issuer: root, ...more });

  /** Refused for `reason`, and everything about the certificate is told all the same. */
  function refused(
    { result, site }: { result: ScanResult; site: Site },
    reason: Reason,
    leaf: Issued,
  ) {
    assert.equal(result.reason, reason, result.text);
    assert.equal(result.tls?.fingerprint, leaf.fingerprint);
    assert.match(result.tls?.issuer ?? '', /^CN=/);
    assert.ok(Number.isFinite(result.tls?.notAfterMs));
    assert.ok((result.phases.tls ?? 0) > 0, 'the tls phase is measured');
    assert.equal(result.address, '127.0.0.1');
    assert.equal(result.status, undefined);
    assert.equal(site.requests.length, 0, 'nothing was sent over it');
  }

  it('is good when the chain, the host and the days are', async () => {
    const leaf = leafOf({ notAfter: inDays(30) });
    const { result } = await scan(leaf);
    assert.equal(result.reason, 'ok', result.text);
    const { tls } = result;
    assert.equal(tls?.subject, 'CN=shop.example');
    assert.equal(tls?.issuer, 'CN=Test Root');
    assert.deepEqual(tls?.names, ['DNS:shop.example']);
    assert.equal(tls?.fingerprint, leaf.fingerprint);
    assert.equal(tls?.hostMatches, true);
    assert.equal(tls?.protocol, 'TLSv1.3');
    assert.match(tls?.cipher ?? '', /^TLS_/);
    assert.ok(Math.abs((tls?.daysLeft ?? 0) - 30) < 0.1, `${tls?.daysLeft} days`);
    assert.ok((result.phases.tls ?? 0) > 0);
  });

  it('tells an expired certificate, and how long it has been', async () => {
    const leaf = leafOf({ notBefore: inDays(-60), notAfter: inDays(-3) });
    const scanned = await scan(leaf);
    refused(scanned, 'tls-expired', leaf);
    assert.ok(Math.abs((scanned.result.tls?.daysLeft ?? 0) + 3) < 0.1);
  });

  it('tells one that is not valid yet', async () => {
    const leaf = leafOf({ notBefore: inDays(2) });
    refused(await scan(leaf), 'tls-not-yet-valid', leaf);
  });

  it('tells one that is signed by itself', async () => {
    const leaf = issue({ name: 'shop.example', hosts: ['shop.example'] });
    refused(await scan(leaf), 'tls-self-signed', leaf);
  });

  it('tells one for another host, with the names that it is for', async () => {
    const leaf = leafOf({ hosts: ['other.example', '*.more.example'] });
    const scanned = await scan(leaf);
    refused(scanned, 'tls-host', leaf);
    assert.deepEqual(scanned.result.tls?.names, ['DNS:other.example', 'DNS:*.more.example']);
  });

  it('tells apart that it has expired and that it is for another host', async () => {
    const leaf = leafOf({ hosts: ['other.example'], notAfter: inDays(-1), notBefore: inDays(-9) });
    const scanned = await scan(leaf);
    refused(scanned, 'tls-expired', leaf);
    assert.equal(scanned.result.tls?.hostMatches, false);
  });

  it('tells an authority that nobody trusts', async () => {
    const stranger = issue({ name: 'Stranger', ca: true });
    const leaf = leafOf({ issuer: stranger });
    refused(await scan(leaf, { chain: [stranger] }), 'tls-unknown-ca', leaf);
  });

  it('tells that certificates in between are missing', async () => {
    const middle = issue({ name: 'Middle', ca: true, issuer: root });
    const leaf = leafOf({ issuer: middle });
    refused(await scan(leaf), 'tls-incomplete', leaf);
    const { result } = await scan(leaf, { chain: [middle] });
    assert.equal(result.reason, 'ok', result.text);
  });

  it('counts the earliest end in the chain', async () => {
    const middle = issue({ name: 'Middle', ca: true, issuer: root, notAfter: inDays(5) });
    const leaf = leafOf({ issuer: middle, notAfter: inDays(50) });
    const { result } = await scan(leaf, { chain: [middle] });
    const daysLeft = ((result.tls?.earliestExpiryMs ?? 0) - Date.now()) / DAY_MS;
    assert.ok(Math.abs(daysLeft - 5) < 0.1, `${daysLeft} days`);
    assert.ok(Math.abs((result.tls?.daysLeft ?? 0) - 50) < 0.1);
    assert.equal(result.tls?.chainLength, 3);
  });

  it('tells a key and a signature that are too weak', async () => {
    const short = leafOf({ rsaBits: 1024 });
    const scanned = await scan(short, { tls: { ciphers: 'DEFAULT:@SECLEVEL=0' } });
    refused(scanned, 'tls-weak', short);
    assert.equal(scanned.result.tls?.rsaBits, 1024);
    const forged = leafOf({ hash: 'sha1' });
    const second = await scan(forged, { tls: { ciphers: 'DEFAULT:@SECLEVEL=0' } });
    refused(second, 'tls-weak', forged);
    assert.equal(second.result.tls?.weakSignature, true);
  });

  it('tells a server that speaks TLS 1.0 alone', async () => {
    const leaf = leafOf({ rsaBits: 2048 });
    const old: TlsOptions = {
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1',
      ciphers: 'DEFAULT:@SECLEVEL=0',
    };
    const scanned = await scan(leaf, { tls: old });
    refused(scanned, 'tls-version', leaf);
    assert.equal(scanned.result.tls?.protocol, 'TLSv1');
  });

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`tells that a certificate of ours is wanted (${maxVersion})`, async () => {
      const leaf = leafOf();
      const wants: TlsOptions = { requestCert: true, rejectUnauthorized: true, maxVersion };
      refused(await scan(leaf, { tls: wants }), 'tls-client-certificate', leaf);
    });
  }

  it('shows the certificate of the host that was asked for', async () => {
    const own = leafOf();
    const other = issue({ name: 'other', hosts: ['other.example'], issuer: root });
    const { createSecureContext } = await import('node:tls');
    const tls: TlsOptions = {
      SNICallback: (name, done) =>
        done(null, createSecureContext(name === 'shop.example' ? own : other)),
    };
    const { result } = await scan(other, { tls });
    assert.equal(result.reason, 'ok', result.text);
    assert.equal(result.tls?.fingerprint, own.fingerprint);
  });

  it('accepts an address, a wildcard and an international name', async () => {
    const address = leafOf({ hosts: ['127.0.0.1'] });
    const first = await scan(address, { host: '127.0.0.1' });
    assert.equal(first.result.reason, 'ok', first.result.text);
    const wildcard = leafOf({ hosts: ['*.shop.example'] });
    const second = await scan(wildcard, { host: 'www.shop.example' });
    assert.equal(second.result.reason, 'ok', second.result.text);
    const third = await scan(wildcard, { host: 'a.b.shop.example' });
    assert.equal(third.result.reason, 'tls-host');
    const international = leafOf({ hosts: ['xn--bcher-kva.example'] });
    const fourth = await scan(international, { host: 'b\u00fccher.example' });
    assert.equal(fourth.result.reason, 'ok', fourth.result.text);
  });

  it('refuses certificates of more than 100 kB', async () => {
    const leaf = leafOf({ padding: 60_000 });
    const more = issue({ name: 'More', ca: true, issuer: root, padding: 60_000 });
    const { result } = await scan(leaf, { chain: [more] });
    assert.equal(result.reason, 'tls-too-large', result.text);
    assert.ok((result.phases.tls ?? 0) > 0);
  });

  it('tells a server that speaks no TLS, and one that is gone in the handshake', async () => {
    const plain = await startSite(() => undefined, { onConnect: (s) => s.write('SSH-2.0-x\r\n') });
    const cut = await startSite(() => undefined, {
      onConnect: (socket) => socket.once('data', () => socket.resetAndDestroy()),
    });
    sites.push(plain, cut);
    const asked = (site: Site) => scanOnce({ url: `https://${site.place}/` }, { sites: [site] });
    const first = await asked(plain);
    assert.deepEqual([first.reason, first.failedIn], ['tls-none', 'tls'], first.text);
    const second = await asked(cut);
    assert.deepEqual([second.reason, second.failedIn], ['reset', 'tls'], second.text);
  });

  it('tells a server that speaks TLS where none was asked for', async () => {
    const leaf = leafOf();
    const site = await startSite((socket) => ok(socket, 'x'), {
      tls: { cert: leaf.cert, key: leaf.key },
    });
    sites.push(site);
    const result = await scanOnce({ url: `http://${site.place}/` }, { sites: [site] });
    assert.ok(['protocol', 'reset'].includes(result.reason), result.reason);
  });
});
