import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FluxError } from '../../../embedded/flux/evaluate.ts';
import type { RecordedExpression } from '../../helpers/flux.ts';
import { cellOf, evaluate, recordedExpressions, scriptOf } from '../../helpers/flux.ts';

const FLOAT_TOLERANCE = 1e-14;

async function answerTo(expression: string): Promise<{ type: string; text: string }> {
  try {
    return cellOf(await evaluate(scriptOf(expression)));
  } catch (error) {
    if (!(error instanceof FluxError)) throw error;
    return { type: 'error', text: error.message };
  }
}

function assertSame(answer: { type: string; text: string }, wanted: RecordedExpression): void {
  const { expression, type, text } = wanted;
  assert.equal(answer.type, type, `${expression} gives ${answer.type} ${answer.text}`);
  const close = Math.abs(Number(answer.text) - Number(text)) <= FLOAT_TOLERANCE;
  if (type !== 'double' || !close) assert.equal(answer.text, text, expression);
}

test('every recorded expression gives the value or the error that InfluxDB gave', async () => {
  const recorded = recordedExpressions();
  assert.ok(recorded.length > 350);
  for (const wanted of recorded) assertSame(await answerTo(wanted.expression), wanted);
});
