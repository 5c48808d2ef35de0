import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LineEncoder } from '../../../core/line-protocol.ts';
import type { Point } from '../../../core/point.ts';
import { EvidenceKeeper } from '../../../ingest/scans/evidence.ts';
import { KeptTargets } from '../../../ingest/scans/kept-targets.ts';
import { keptPoint, plainFields, scanPoint } from '../../../ingest/scans/points.ts';
import { newMonitor } from '../../helpers/monitors.ts';
import { resultOf } from './workers.ts';

function lineOf(point: Point): string {
  const encoder = new LineEncoder();
  assert.equal(encoder.add(point), undefined);
  return encoder.take().toString();
}

describe('the fields of a scan', () => {
  it('are the same line before they are kept as JSON and after', () => {
    const result = resultOf('ok', {
      ...{ status: 200, totalMs: 12.345678901, bodyBytes: 1_000, wireBytes: 3, matched: true },
      ...{ phases: { dns: 0.1, connect: 2, firstByte: 1e-7 }, truncated: true },
      match: { at: 0, text: '', values: { price: 42, hops: 7.5 } },
    });
    const point = scanPoint({ monitor: '7', slotMs: 1_767_225_600_123, lateMs: 0, result });
    const kept = JSON.parse(JSON.stringify(plainFields(point)));
    const again = keptPoint({ monitor: 7, slotMs: 1_767_225_600_123, fields: kept });
    assert.deepEqual(lineOf(again).split(/[ ,]/).sort(), lineOf(point).split(/[ ,]/).sort());
    assert.match(lineOf(again), /status=200i/);
    assert.match(lineOf(again), /value_price=42[ ,]/);
  });
});

describe('evidence', () => {
  const ok = resultOf('ok', { status: 200, evidence: 'page' });
  const failed = resultOf('status', { status: 500 });

  it('is kept at first, on every change, and every few minutes else', () => {
    const keeper = new EvidenceKeeper();
    const taken = (slotMs: number, result = ok) => keeper.take(1, slotMs, result) !== undefined;
    assert.deepEqual([taken(0), taken(60_000), taken(299_000)], [true, false, false]);
    assert.equal(taken(300_000), true);
    assert.equal(taken(301_000, failed), true);
    assert.equal(taken(302_000, failed), false);
    assert.equal(taken(312_000, failed), true);
    assert.equal(taken(313_000), true);
    assert.equal(keeper.take(2, 313_000, ok)?.evidence, 'page');
  });

  it('holds what is told and nothing of how it was asked', () => {
    const hop = { url: 'http://a/', port: 80, phases: {}, reused: false, status: 200 };
    const evidence = new EvidenceKeeper().take(1, 5, { ...ok, hops: [hop], charset: 'utf-8' })!;
    const names = ['charset', 'evidence', 'hops', 'reason', 'slotMs', 'text', 'truncated'];
    assert.deepEqual(Object.keys(evidence).sort(), names);
  });
});

describe('a kept target', () => {
  const described = (more: object = {}) => ({
    ...{ monitor: 1, version: 1, url: 'http://a.example/', regexp: null },
    settings: { ...newMonitor('http://a.example/').settings, ...more },
  });
  const targetOf = (monitor: Parameters<KeptTargets['of']>[0]) => {
    const kept = new KeptTargets().of(monitor);
    return kept.ok ? kept.target : assert.fail(kept.why);
  };

  it('is made once for a version of its monitor', () => {
    const targets = new KeptTargets();
    const first = targets.of(described());
    assert.equal(targets.of(described()), first);
    assert.notEqual(targets.of({ ...described(), version: 2 }), first);
  });

  it('shares its pattern with others', () => {
    const targets = new KeptTargets();
    const pattern = (monitor: number) => {
      const kept = targets.of({ ...described(), monitor, regexp: 'a+' });
      return kept.ok ? kept.target.pattern : undefined;
    };
    assert.ok(pattern(1));
    assert.equal(pattern(1), pattern(2));
  });

  it('sends the credentials of the URL unless a header says otherwise', () => {
    const authorization = 'Basic dTpw';
    assert.deepEqual(targetOf(described({ authorization })).headers, { authorization });
    const headers = { Authorization: 'Bearer x' };
    assert.deepEqual(targetOf(described({ authorization, headers })).headers, headers);
  });

  it('says why there is none', () => {
    for (const [more, why] of [
      [{ regexp: '(?=a)' }, /pattern: look-around/],
      [{ url: 'gopher://a/' }, /not a target: url/],
    ] as const) {
      const kept = new KeptTargets().of({ ...described(), ...more });
      assert.ok(!kept.ok);
      assert.match(kept.why, why);
    }
    const odd = new KeptTargets().of(described({ method: 'BREW' }));
    assert.ok(!odd.ok);
    assert.match(odd.why, /BREW/);
  });
});
