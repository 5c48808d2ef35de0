import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type AlertMessage,
  type FiredData,
  fittedMessage,
  MESSAGE_BYTES_MAX,
} from '../../core/alert-message.ts';
import { digestMessage, firedMessage, resolvedMessage } from '../helpers/deliveries.ts';

const bytesOf = (message: AlertMessage) => Buffer.byteLength(JSON.stringify(message));
const firedOf = (message: AlertMessage): FiredData => {
  assert.equal(message.type, 'alert.fired');
  return message.data;
};

describe('a message about an alert', () => {
  it('stays as it is when it is short enough', () => {
    for (const message of [firedMessage(), resolvedMessage(), digestMessage(200)]) {
      assert.ok(bytesOf(message) < MESSAGE_BYTES_MAX);
      assert.equal(fittedMessage(message), message);
    }
  });

  it('loses its oldest points first', () => {
    const recent = Array.from({ length: 2_000 }, (_, n) => [`t${n}`, n] as const);
    const { recent: kept, flux } = firedOf(fittedMessage(firedMessage({ recent })));
    assert.deepEqual(kept.at(-1), ['t1999', 1_999]);
    assert.ok(kept.length > 100 && kept.length < 2_000);
    assert.notEqual(flux, null);
  });

  it('counts the series that it does not name any more', () => {
    const message = fittedMessage(digestMessage(5_000));
    assert.equal(message.type, 'alert.digest');
    const { series, more, firings } = message.data;
    assert.equal(series.length + more, 5_000);
    assert.equal(firings.length, 20);
  });

  it('is short enough whatever users have put into it', () => {
    const text = '\u{1f680}'.repeat(10_000);
    const alert = { id: 1, name: text, kind: 'ratio' };
    const about = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`field ${n}`, text]));
    const messages = [
      firedMessage({ reason: text, alert, about, flux: text }),
      digestMessage(20, text),
      digestMessage(20_000, text),
    ];
    for (const message of messages) {
      const fitted = fittedMessage(message);
      assert.ok(bytesOf(fitted) < MESSAGE_BYTES_MAX, `${fitted.type} of ${bytesOf(fitted)}`);
    }
    // Half a script is none.
    assert.equal(firedOf(fittedMessage(messages[0]!)).flux, null);
  });
});
