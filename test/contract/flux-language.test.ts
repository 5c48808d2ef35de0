import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Dialect } from '../../embedded/flux/evaluate.ts';
import { FluxError } from '../../embedded/flux/evaluate.ts';
import {
  cellOf,
  evaluate,
  FULL_DIALECT,
  NOW,
  namedScripts,
  recordedExpressions,
  scriptOf,
} from '../helpers/flux.ts';
import type { Influxd } from '../helpers/influxd.ts';
import { influxdPath, startInfluxd } from '../helpers/influxd.ts';

const skip = influxdPath() === undefined ? 'no influxd here: `make influxd` builds it' : false;

const DIALECTS: readonly Dialect[] = [
  FULL_DIALECT,
  { header: true, delimiter: ',', annotations: [] },
  { header: false, delimiter: ';', annotations: ['group', 'datatype'] },
];

interface Answer {
  readonly status: number;
  readonly text: string;
}

/**
 * Errors whose place or wrapping InfluxDB writes in words of its own: only their end is compared.
 */
const REASON = /[^:]*$/;

let influxd: Influxd;

before(async () => {
  if (!skip) influxd = await startInfluxd();
});

after(async () => {
  if (!skip) await influxd.stop();
});

async function askInfluxd(script: string, dialect: Dialect): Promise<Answer> {
  const { url, token, org } = influxd;
  const response = await fetch(`${url}/api/v2/query?org=${org}`, {
    method: 'POST',
    headers: { authorization: `Token ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: script, dialect, now: NOW }),
  });
  const text = await response.text();
  const { status } = response;
  return {
    status,
    text: status === 200 ? text : (JSON.parse(text) as { message: string }).message,
  };
}

async function askEmbedded(script: string, dialect: Dialect): Promise<Answer> {
  try {
    return { status: 200, text: await evaluate(script, { dialect }) };
  } catch (error) {
    if (!(error instanceof FluxError)) throw error;
    return { status: error.status, text: error.message };
  }
}

/** Where InfluxDB's own order varies from run to run (Go maps): the same cells in any order. */
function unordered(text: string): string[] {
  return text
    .split('\r\n')
    .map((line) => line.split(/[,;]/).sort().join(','))
    .sort();
}

test('the recorded expressions are what InfluxDB answers', { skip }, async () => {
  for (const { expression, type, text } of recordedExpressions()) {
    const answer = await askInfluxd(scriptOf(expression), FULL_DIALECT);
    const got = answer.status === 200 ? cellOf(answer.text) : { type: 'error', text: answer.text };
    assert.deepEqual({ expression, ...got }, { expression, type, text });
  }
});

for (const { title, script } of namedScripts()) {
  test(`the same answer to the byte: ${title}`, { skip }, async () => {
    for (const dialect of DIALECTS) {
      const wanted = await askInfluxd(script, dialect);
      const got = await askEmbedded(script, dialect);
      assert.equal(got.status, wanted.status, `${got.text} instead of ${wanted.text}`);
      if (wanted.status !== 200) {
        assert.equal(reason(got.text), reason(wanted.text));
      } else if (title.endsWith('(any order)')) {
        assert.deepEqual(unordered(got.text), unordered(wanted.text));
      } else {
        assert.equal(got.text, wanted.text);
      }
    }
  });
}

function reason(message: string): string {
  return (REASON.exec(message)?.[0] ?? message).replace(/ \(column "\w+"\)$/, '').trim();
}
