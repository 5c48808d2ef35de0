import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { systemClock } from '../../../core/clock.ts';
import type { HttpClient } from '../../../core/http.ts';
import { createSlackSender, escapeSlack, slackBody } from '../../../tasks/notify/slack.ts';
import { digestMessage, firedMessage, resolvedMessage } from '../../helpers/deliveries.ts';
import { Receiver } from '../../helpers/receiver.ts';
import { guardedHttp, outgoing } from './sending.ts';

interface Block {
  readonly type: string;
  readonly text: { readonly type: string; readonly text: string };
}
const blocksOf = (body: object): readonly Block[] => (body as { blocks: Block[] }).blocks;

describe('a message for Slack', () => {
  it('calls nobody and links nowhere, whatever a name says', () => {
    const name = '<!channel> & <https://evil.example|click> <@U1>';
    const base = firedMessage();
    assert.equal(base.type, 'alert.fired');
    const series = { ...base.data.series, pair: name };
    const body = slackBody(firedMessage({ reason: name, series }));
    const marked = blocksOf(body).filter(({ text }) => text.type === 'mrkdwn');
    assert.ok(marked.length >= 2);
    for (const { text } of marked) assert.doesNotMatch(text.text, /<[!@#]|<https:\/\/evil/);
    assert.equal(escapeSlack('<a&b>'), '&lt;a&amp;b&gt;');
    const { text } = body as { text: string };
    assert.doesNotMatch(text, /[<>]/);
  });

  it('stays within the lengths that Slack takes, and halves no entity', () => {
    const long = '&<>'.repeat(4_000);
    for (const message of [firedMessage({ reason: long }), digestMessage(20, long)]) {
      for (const { type, text } of blocksOf(slackBody(message))) {
        const max = type === 'header' ? 150 : 3_000;
        assert.ok(text.text.length <= max, `${type} of ${text.text.length}`);
        if (type !== 'header') assert.doesNotMatch(text.text, /&(?!amp;|lt;|gt;)/);
      }
    }
  });

  it('says what it is about, and whether it is over', () => {
    const texts = (body: object) => blocksOf(body).map(({ text }) => text.text);
    const [title, , facts, links] = texts(slackBody(firedMessage()));
    assert.equal(title, 'Fired: spikes, price btcusd on kraken');
    assert.match(facts ?? '', /\*Mean\*: 20000 of 60 points, factor 3/);
    assert.equal(links, '<http://127.0.0.1:8001/alerts/1|Alert>');
    assert.match(texts(slackBody(resolvedMessage()))[0] ?? '', /^Resolved: spikes/);
    const merged = resolvedMessage();
    assert.equal(merged.type, 'alert.resolved');
    const both = { ...merged, data: { ...merged.data, merged: true, late: true } };
    assert.match(texts(slackBody(both))[0] ?? '', /^Fired and resolved \(late\): spikes/);
  });
});

describe('Slack', () => {
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
  const send = () =>
    createSlackSender({ http, clock: systemClock })(
      outgoing({ kind: 'slack', url: `${receiver.url}/services/T000/B000/token` }),
    );

  for (const body of ['ok', 'ok\n', '{"ok":true}', '{ "ok": true, "ts": "1" }']) {
    it(`takes it by ${JSON.stringify(body)}`, async () => {
      receiver.says(200, body);
      assert.equal((await send()).end, 'delivered');
    });
  }

  const cases: readonly [number, string, string, boolean][] = [
    [200, '', 'failed', false],
    [200, '<html>log in</html>', 'failed', false],
    [200, '{"ok":false,"error":"ratelimited"}', 'failed', false],
    [200, '{"ok":false,"error":"invalid_auth"}', 'dead', true],
    [302, '', 'failed', false],
    [400, 'invalid_payload', 'dead', false],
    [400, 'invalid_blocks', 'dead', false],
    [403, 'invalid_token', 'dead', true],
    [403, 'action_prohibited', 'dead', true],
    [403, '', 'failed', false],
    [404, 'no_service', 'dead', true],
    [404, '', 'dead', true],
    [410, 'channel_is_archived', 'dead', true],
    [429, 'rate_limited', 'failed', false],
    [500, 'rollup_error', 'failed', false],
    [503, 'no_service', 'failed', false],
  ];
  for (const [status, body, end, disable] of cases) {
    it(`refuses it by ${status} ${body}: ${end}${disable ? ', and off' : ''}`, async () => {
      receiver.says(status, body, { 'retry-after': '30' });
      const sent = await send();
      assert.deepEqual([sent.end, sent.disable ?? false], [end, disable]);
      if (end === 'failed') assert.equal(sent.retryAfterMs, 30_000);
    });
  }
});
