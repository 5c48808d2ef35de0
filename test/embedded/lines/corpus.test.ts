import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../../../core/paths.ts';
import type { Precision } from '../../../embedded/lines/parse.ts';
import { Collector } from './collect.ts';

/** The public line protocol corpus, and the lines for which influxd 2.7.12 differs from it. */
const folder = join(projectRoot, '..', 'shared', 'data', 'influxdb');
const corpusFile = join(folder, 'line-protocol-corpus.json');
const absent = existsSync(corpusFile) ? false : 'the line protocol corpus is not on this machine';

type Text = string | { readonly binary: string };

interface Case {
  readonly input: { readonly text: Text; readonly defaultTime: string; readonly precision: string };
  readonly output: { readonly error?: string; readonly result?: readonly Metric[] };
}

interface Metric {
  readonly time: string;
  readonly name: Text;
  readonly tags: readonly { readonly key: Text; readonly value: Text }[] | null;
  readonly fields: readonly { readonly key: Text; readonly value: Record<string, Text | number> }[];
}

interface Difference {
  readonly key: string;
  readonly influxd: { readonly status: number | string };
}

const PRECISIONS: Readonly<Record<string, Precision>> = {
  '1ns': 'ns',
  '1us': 'us',
  '1µs': 'us',
  '1ms': 'ms',
  '1s': 's',
};

function bytesOf(text: Text): Buffer {
  return typeof text === 'string' ? Buffer.from(text) : Buffer.from(text.binary, 'base64');
}

function load(): { cases: [string, Case][]; influxd: Map<string, number | string> } {
  // Whole numbers above 2^53 must not become doubles on the way.
  const text = readFileSync(corpusFile, 'utf8');
  const exact = text.replace(/"(time|defaultTime|int|uint)": ?(-?\d+)/g, '"$1":"$2"');
  const { decode } = JSON.parse(exact) as { decode: Record<string, Case> };
  const lines = readFileSync(join(folder, 'line-protocol-vs-influxd-2.7.12.jsonl'), 'utf8');
  const differences = lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Difference);
  return {
    cases: Object.entries(decode),
    influxd: new Map(differences.map(({ key, influxd }) => [key, influxd.status])),
  };
}

async function accepts(one: Case): Promise<boolean> {
  const precision = PRECISIONS[one.input.precision];
  assert.ok(precision, `precision ${one.input.precision}`);
  try {
    await new Collector().read(bytesOf(one.input.text), { precision });
    return true;
  } catch {
    return false;
  }
}

/**
 * Cases that the recorded differences leave out, because a type conflict hid them: what influxd
 * 2.7.12 answered to each in a bucket of its own.
 */
const RETESTED: Readonly<Record<string, number>> = {
  '258a079c407e7dd0debb4a5cf01ff1d4': 500,
  '2a9a039246cd788ebf40b6cd21512fd8': 500,
  '2be024ca70163a7068b08f5e8ef57ffa': 204,
  '59982a3514650f889137442530943a90': 204,
  '64c16c43d454d8dac6818c3d4e01d2b1': 204,
  '84d42513c1d270433a62aab22f08a266': 400,
  // It reads a field with an empty name there, of two types.
  '9455872ac8ed16256bd30ccba0017bf7': 422,
  a57e208c5ad8f0292a20469127f8fbb6: 500,
  b5a8f4acd99818316ee5aff62f48736c: 204,
  becde1a0c476076535ec15390be67032: 204,
  c6ecafbf7b8b36c7f6aa38d6b7e59e75: 204,
  cfd8fedc12a563d596f8c1a7c1627a1b: 204,
  ea366371d362af15d5f5ebdc2ae0df7d: 400,
  f3d59e84ee332a0adf44e86ecf087b59: 204,
  fcbf36a02fffb1937e97cd0bab7f0fcf: 204,
};

test('accepts and refuses what influxd does, over the whole corpus', { skip: absent }, async () => {
  const { cases, influxd } = load();
  const wrong: string[] = [];
  for (const [key, one] of cases) {
    const status = RETESTED[key] ?? influxd.get(key);
    // What influxd answers with 500, or dies of, is refused here.
    const expected = status === undefined ? one.output.error === undefined : status === 204;
    if ((await accepts(one)) !== expected) {
      wrong.push(`${key} ${JSON.stringify(bytesOf(one.input.text).toString())} want ${expected}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(cases.length > 6000);
});

test('reads the corpus values', { skip: absent }, async () => {
  const { cases, influxd } = load();
  let compared = 0;
  for (const [key, one] of cases) {
    const { result } = one.output;
    if (!result || influxd.has(key)) continue;
    const precision = PRECISIONS[one.input.precision] ?? 'ns';
    const nowNs = BigInt(one.input.defaultTime);
    const { rows } = await new Collector().read(bytesOf(one.input.text), { precision, nowNs });
    // The corpus has lost the sign of zeros.
    const unsigned = rows.map((row) => row.replace('double -0 ', 'double 0 '));
    assert.deepEqual(unsigned.sort(), result.flatMap(describe).sort(), key);
    compared++;
  }
  assert.ok(compared > 300, String(compared));
});

function describe({ time, name, tags, fields }: Metric): string[] {
  const text = (part: Text) => bytesOf(part).toString();
  const key = [text(name), ...(tags ?? []).map((tag) => `${text(tag.key)}=${text(tag.value)}`)];
  return fields
    .filter((field) => text(field.key) !== 'time')
    .map((field) => `${key.join(',')} ${text(field.key)} ${valueText(field.value)} ${time}`);
}

function valueText(value: Record<string, Text | number | boolean>): string {
  const [[type, content]] = Object.entries(value) as [[string, Text | number]];
  if (type === 'string') return `string ${JSON.stringify(bytesOf(content as Text).toString())}`;
  const name = { float: 'double', int: 'long', uint: 'ulong', bool: 'bool' }[type];
  return `${name} ${content}`;
}
