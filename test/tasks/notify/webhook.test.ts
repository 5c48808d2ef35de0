import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { systemClock } from '../../../core/clock.ts';
import type { HttpClient } from '../../../core/http.ts';
import {
  createWebhookSender,
  secretsInForce,
  signaturesOf,
} from '../../../tasks/notify/webhook.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { firedMessage } from '../../helpers/deliveries.ts';
import { eventually } from '../../helpers/eventually.ts';
import { Receiver } from '../../helpers/receiver.ts';
import { guardedHttp, outgoing, SECRET, secretOf } from './sending.ts';

const OTHER = `whsec_${Buffer.alloc(24, 9).toString('base64')}`;

describe('signatures of webhooks', () => {
  it('are those that the standard publishes', () => {
    const signed = {
      message: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestamp: 1_614_265_330,
      body: '{"test": 2432232314}',
      secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
    };
    assert.equal(signaturesOf(signed), 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('are one for each secret, and each is taken by the library of the standard', () => {
    const timestamp = Math.floor(Date.now() / 1_000);
    for (const body of ['', '{}', '{"name":"ünïcödé 🚀 \u202e"}', 'x'.repeat(20_000)]) {
      const message = 'msg_1';
      const signature = signaturesOf({ message, timestamp, body, secrets: [SECRET, OTHER] });
      assert.equal(signature.split(' ').length, 2);
      const headers = {
        'webhook-id': message,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signature,
      };
      for (const secret of [SECRET, OTHER]) {
        new Webhook(secret).verify(body, headers, { jsonParse: false });
      }
      const wrong = new Webhook(Buffer.alloc(32, 1).toString('base64'));
      assert.throws(() => wrong.verify(body, headers, { jsonParse: false }));
      const late = { ...headers, 'webhook-timestamp': String(timestamp - 301) };
      assert.throws(() => new Webhook(SECRET).verify(body, late, { jsonParse: false }));
    }
  });

  it('refuse an id that could be cut elsewhere', () => {
    const parts = { timestamp: 1, body: '', secrets: [SECRET] };
    assert.throws(() => signaturesOf({ ...parts, message: 'msg.1' }), /dot/);
  });

  it('are made with a secret of before until its time is over', () => {
    const signing = [
      { secret: SECRET, untilMs: null },
      { secret: OTHER, untilMs: 5_000 },
    ];
    assert.deepEqual(secretsInForce(signing, 4_999), [SECRET, OTHER]);
    assert.deepEqual(secretsInForce(signing, 5_000), [SECRET]);
  });
});

describe('a webhook', () => {
  let receiver: Receiver;
  let http: HttpClient;
  beforeEach(async () => {
    receiver = await Receiver.start();
    http = guardedHttp([receiver.place]);
  });
  afterEach(async () => {
    await http.close();
    await receiver.close();
  });

  const address = (path = '/hook') => ({ kind: 'webhook', url: receiver.url + path }) as const;
  const send = (one = outgoing(address())) =>
    createWebhookSender({ http, clock: systemClock })(one);

  it('is the message, signed as it is sent', async () => {
    const payload = firedMessage({ reason: 'ünïcödé "quotes" \\ {{braces}} <b>' });
    const sent = await send(outgoing(address(), { payload }));
    assert.deepEqual([sent.end, sent.status, sent.answer], ['delivered', 200, 'ok']);
    const [{ headers, body }] = receiver.received as [(typeof receiver.received)[0]];
    const given = headers as Record<string, string>;
    assert.deepEqual(new Webhook(SECRET).verify(body, given), payload);
    assert.equal(headers['webhook-id'], 'msg_one');
    assert.equal(headers['content-type'], 'application/json');
    assert.match(headers['user-agent'] ?? '', /^tidemark\//);
  });

  it('carries a signature of each secret in force', async () => {
    const signing = [
      { secret: SECRET, untilMs: null },
      { secret: OTHER, untilMs: 2_000 },
    ];
    await send(outgoing(address(), { secret: secretOf(address(), signing) }));
    const [{ headers, body }] = receiver.received as [(typeof receiver.received)[0]];
    for (const secret of [SECRET, OTHER]) {
      assert.ok(new Webhook(secret).verify(body, headers as Record<string, string>));
    }
  });

  for (const status of [200, 201, 202, 204, 299]) {
    it(`is delivered by ${status}`, async () => {
      receiver.says(status);
      assert.equal((await send()).end, 'delivered');
    });
  }

  for (const status of [
    300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 408, 409, 422, 425,
  ]) {
    it(`is to be tried again after ${status}`, async () => {
      receiver.says(status, 'no', { location: `${receiver.url}/other` });
      const sent = await send();
      assert.deepEqual([sent.end, sent.status, sent.reason], ['failed', status, `HTTP ${status}`]);
      assert.equal(sent.disable ?? false, false);
      assert.deepEqual(
        receiver.received.map(({ path }) => path),
        ['/hook'],
      );
    });
  }

  for (const status of [429, 500, 502, 503, 504]) {
    it(`waits as long as ${status} asks for`, async () => {
      receiver.says(status, '', { 'retry-after': '120' });
      const sent = await send();
      assert.deepEqual([sent.end, sent.retryAfterMs], ['failed', 120_000]);
    });
  }

  it('takes a date to wait for, and no nonsense', async () => {
    const clock = new ManualClock(Date.UTC(2026, 0, 1));
    const timed = createWebhookSender({ http, clock });
    for (const [value, expected] of [
      ['Thu, 01 Jan 2026 00:05:00 GMT', 300_000],
      ['Thu, 01 Jan 2025 00:05:00 GMT', 0],
      ['-5', undefined],
      ['soon', undefined],
      ['', undefined],
    ] as const) {
      receiver.says(503, '', { 'retry-after': value });
      assert.equal((await timed(outgoing(address()))).retryAfterMs, expected, value);
    }
  });

  it('ends for good by 410', async () => {
    receiver.says(410);
    const sent = await send();
    assert.deepEqual([sent.end, sent.disable], ['dead', true]);
  });

  it('is delivered by a yes with a long answer, of which the begin is read', async () => {
    receiver.answer = (response) => {
      response.writeHead(200);
      const more = (): void => {
        while (response.write('x'.repeat(1_000)) && !response.destroyed);
        response.once('drain', more);
      };
      more();
    };
    const sent = await send();
    assert.deepEqual([sent.end, sent.answer?.length], ['delivered', 16 * 1_024]);
  });

  it('is given up after 20 s, the answer included', async () => {
    for (const begin of [() => 'nothing', dribble] as const) {
      const clock = new ManualClock();
      const timed = guardedHttp([receiver.place], clock);
      const asked = receiver.received.length;
      receiver.answer = begin;
      const sending = createWebhookSender({ http: timed, clock })(outgoing(address()));
      let ended = false;
      void sending.then(() => {
        ended = true;
      });
      await eventually(() => assert.equal(receiver.received.length, asked + 1));
      await clock.advance(19_999);
      assert.equal(ended, false);
      await clock.advance(1);
      const sent = await sending;
      assert.deepEqual([sent.end, sent.reason], ['failed', 'no whole answer in 20 s']);
      await timed.close();
    }
  });

  it('is to be tried again where nobody answers, or not in HTTP', async () => {
    const port = Number(new URL(receiver.url).port);
    receiver.answer = (response) => response.socket?.destroy();
    assert.equal((await send()).reason, 'the connection ended before an answer');
    receiver.answer = (response) => void response.socket?.end('nonsense\r\n\r\n');
    assert.equal((await send()).reason, 'the answer is not HTTP');
    const secure = { kind: 'webhook', url: `https://127.0.0.1:${port}/` } as const;
    const sent = await send(outgoing(secure));
    assert.deepEqual([sent.end, sent.status], ['failed', null]);
    const gone = outgoing(address());
    await receiver.close();
    assert.equal((await send(gone)).reason, 'it cannot be connected to');
    receiver = await Receiver.start();
  });

  it('goes nowhere that is private, and is not tried again', async () => {
    await http.close();
    http = guardedHttp([]);
    const { port } = new URL(receiver.url);
    for (const host of [
      '127.0.0.1',
      'localhost',
      '[::1]',
      '2130706433',
      '0x7f.1',
      '[::ffff:127.0.0.1]',
    ]) {
      const sent = await send(outgoing({ kind: 'webhook', url: `http://${host}:${port}/` }));
      assert.equal(sent.end, 'dead', host);
      assert.match(sent.reason ?? '', /not allowed/);
    }
    assert.equal(receiver.connections, 0);
  });
});

/** A yes, and then a byte whenever the last one is gone: it never ends by itself. */
function dribble(response: Parameters<Receiver['answer']>[0]): void {
  response.writeHead(200);
  response.write('.');
}
