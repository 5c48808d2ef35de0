import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { AlertMessage } from '../../../core/alert-message.ts';
import { systemClock } from '../../../core/clock.ts';
import type { HttpClient, HttpRequest } from '../../../core/http.ts';
import { createPagerDutySender, pagerDutyEvent } from '../../../tasks/notify/pagerduty.ts';
import { digestMessage, firedMessage, resolvedMessage } from '../../helpers/deliveries.ts';
import { Receiver } from '../../helpers/receiver.ts';
import { guardedHttp, outgoing } from './sending.ts';

const KEY = '0123456789abcdef0123456789abcdef';
interface Event {
  readonly event_action?: string;
  readonly dedup_key?: string;
  readonly payload: Readonly<Record<string, string>>;
}
const eventOf = (message: AlertMessage, id = 'msg_1') => {
  const { path, body } = pagerDutyEvent(message, { key: KEY, channel: 7, id });
  return { path, ...(body as Event) };
};

describe('an event for PagerDuty', () => {
  it('ends the incident that its firing began, whatever messages they are', () => {
    const fired = eventOf(firedMessage(), 'msg_1');
    const resolved = eventOf(resolvedMessage(), 'msg_2');
    assert.deepEqual([fired.event_action, resolved.event_action], ['trigger', 'resolve']);
    assert.equal(fired.dedup_key, resolved.dedup_key);
    assert.ok(String(fired.dedup_key).length <= 255);
    const base = firedMessage();
    assert.equal(base.type, 'alert.fired');
    const other = eventOf(firedMessage({ series: { ...base.data.series, key: 'price:x:y' } }));
    assert.notEqual(other.dedup_key, fired.dedup_key);
  });

  it('ends a digest by the digest of its end', () => {
    const [fired, over] = [digestMessage(6), digestMessage(6)];
    assert.equal(over.type, 'alert.digest');
    const end = eventOf({ ...over, data: { ...over.data, resolved: true } });
    assert.deepEqual([end.event_action, end.dedup_key], ['resolve', eventOf(fired).dedup_key]);
  });

  it('has a summary of 1,024 characters at most', () => {
    const { payload } = eventOf(firedMessage({ reason: '🚀'.repeat(3_000) }));
    assert.equal([...(payload.summary ?? '')].length, 1_024);
    assert.doesNotMatch(payload.summary ?? '', /[\ud800-\udbff](?![\udc00-\udfff])/);
  });

  it('that asks to confirm calls nobody', () => {
    const message: AlertMessage = {
      type: 'channel.confirm',
      timestamp: '2026-01-01T00:00:00.000Z',
      data: { channel: 7, reason: 'confirm' },
    };
    const event = eventOf(message);
    assert.deepEqual([event.path, event.event_action], ['/v2/change/enqueue', undefined]);
  });
});

describe('PagerDuty', () => {
  let receiver: Receiver;
  let http: HttpClient;
  beforeEach(async () => {
    receiver = await Receiver.start();
    http = guardedHttp([]);
  });
  afterEach(async () => {
    await http.close();
    await receiver.close();
  });
  const send = () =>
    createPagerDutySender({ http, clock: systemClock, url: receiver.url })(
      outgoing({ kind: 'pagerduty', key: KEY, region: 'us' }),
    );

  const cases: readonly [number, string, string, boolean][] = [
    [202, '{"status":"success"}', 'delivered', false],
    [400, '{"errors":["Length of \'summary\' must be 1024 or less"]}', 'dead', false],
    [400, '{"errors":["Invalid routing key"]}', 'dead', true],
    [403, '', 'failed', false],
    [429, '', 'failed', false],
    [500, '', 'failed', false],
    [503, '', 'failed', false],
  ];
  for (const [status, body, end, disable] of cases) {
    it(`answers ${status} ${body}: ${end}${disable ? ', and off' : ''}`, async () => {
      receiver.says(status, body);
      const sent = await send();
      assert.deepEqual([sent.end, sent.disable ?? false], [end, disable]);
      assert.equal(receiver.received[0]?.path, '/v2/enqueue');
    });
  }

  it('is asked in the region of the key', async () => {
    const asked: string[] = [];
    const fake = {
      fetch: async (request: HttpRequest) => {
        asked.push(request.url);
        const body = Buffer.from('');
        return { status: 202, headers: {}, body, url: '', redirects: 0, durationMs: 1 };
      },
      close: async () => undefined,
    };
    const sender = createPagerDutySender({ http: fake, clock: systemClock, url: undefined });
    for (const region of ['us', 'eu'] as const) {
      await sender(outgoing({ kind: 'pagerduty', key: KEY, region }));
    }
    assert.deepEqual(asked, [
      'https://events.pagerduty.com/v2/enqueue',
      'https://events.eu.pagerduty.com/v2/enqueue',
    ]);
  });
});
