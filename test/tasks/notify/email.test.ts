import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { AlertMessage } from '../../../core/alert-message.ts';
import { systemClock } from '../../../core/clock.ts';
import { channelToken } from '../../../registry/channel-address.ts';
import { createEmailSender, emailOf } from '../../../tasks/notify/email.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { firedMessage } from '../../helpers/deliveries.ts';
import { eventually } from '../../helpers/eventually.ts';
import { SmtpServer } from '../../helpers/smtp-server.ts';
import { outgoing, secretOf } from './sending.ts';

const address = { kind: 'email', address: 'me@example.com' } as const;
const publicUrl = 'https://tidemark.example';
const confirm: AlertMessage = {
  type: 'channel.confirm',
  timestamp: '2026-01-01T00:00:00.000Z',
  data: { channel: 7, reason: 'Alerts are to be sent here.' },
};
const links = { confirm: 'https://x.example/confirm', leave: 'https://x.example/leave' };

describe('an e-mail', () => {
  let server: SmtpServer;
  beforeEach(async () => {
    server = await SmtpServer.start();
  });
  afterEach(() => server.close());

  const sender = (host = '127.0.0.1', clock = systemClock) => {
    const url = `smtp://${host}:${server.port}`;
    const smtp = { url, from: 'Tidemark <alerts@tidemark.example>' };
    return createEmailSender({ smtp, clock, publicUrl });
  };
  const send = (payload?: AlertMessage) =>
    sender()(outgoing(address, payload === undefined ? {} : { payload }));
  /** Lines that were folded are one again. */
  const headerOf = (name: string): string =>
    new RegExp(`^${name}: (.*)$`, 'mi').exec(
      server.mails[0]!.data.split('\r\n\r\n')[0]!.replace(/\r\n[ \t]+/g, ' '),
    )?.[1] ?? '';
  const whole = (): string =>
    server.mails[0]!.data.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );

  it('comes in two forms, with a way to end it by one click', async () => {
    const sent = await send();
    assert.deepEqual([sent.end, sent.status], ['delivered', 250]);
    assert.match(headerOf('Content-Type'), /^multipart\/alternative/);
    assert.match(whole(), /text\/plain[\s\S]*Mean: 20000[\s\S]*text\/html[\s\S]*<td>20000/);
    const leave = `${publicUrl}/channels/leave?token=${channelToken('leave', 7, secretOf(address))}`;
    assert.equal(headerOf('List-Unsubscribe'), `<${leave}>`);
    assert.equal(headerOf('List-Unsubscribe-Post'), 'List-Unsubscribe=One-Click');
    assert.match(whole(), /No more of these: https/);
    assert.match(headerOf('Message-ID'), /^<msg_one\.7@tidemark\.example>$/);
    assert.match(server.mails[0]!.from, /<alerts@tidemark.example>/);
    assert.deepEqual(server.mails[0]!.to, ['RCPT TO:<me@example.com>']);
  });

  it('that asks to confirm has the token, and no other has it', async () => {
    const token = channelToken('confirm', 7, secretOf(address));
    await send(confirm);
    assert.ok(whole().includes(`/channels/confirm?token=${token}`));
    server.mails.length = 0;
    await send();
    assert.ok(!whole().includes(token));
  });

  it('has no header that a name brings along', async () => {
    const base = firedMessage();
    assert.equal(base.type, 'alert.fired');
    const alert = { ...base.data.alert, name: 'x\r\nBcc: all@example.com\r\n\r\nbody' };
    const series = { ...base.data.series, pair: 'a\nTo: b@example.com' };
    await send(firedMessage({ alert, series }));
    assert.equal(headerOf('Bcc'), '');
    assert.equal(headerOf('To'), 'me@example.com');
    assert.match(headerOf('Subject'), /x Bcc: all@example\.com body/);
    assert.equal(server.commands.filter((line) => line.startsWith('RCPT')).length, 1);
  });

  it('has no markup that a name brings along', () => {
    const reason = '<script>alert("1")</script> & <img src=x onerror=y>';
    const base = firedMessage();
    assert.equal(base.type, 'alert.fired');
    const series = { ...base.data.series, pair: '"><b>' };
    const { html } = emailOf(firedMessage({ reason, series }), links);
    assert.doesNotMatch(html, /<script|<img|<b>/);
    assert.match(html, /&lt;script&gt;alert\(&quot;1&quot;\)/);
  });

  const cases: readonly [string, string, string, number | null][] = [
    ['RCPT', '450 4.7.1 greylisted, come again', 'failed', 450],
    ['RCPT', '550 5.1.1 no such user', 'dead', 550],
    ['MAIL', '451 busy', 'failed', 451],
    ['end', '452 no room', 'failed', 452],
    ['end', '554 looks like spam', 'dead', 554],
    ['DATA', '554 no', 'dead', 554],
    ['greeting', '554 go away', 'failed', 554],
    ['greeting', '421 too busy', 'failed', 421],
  ];
  for (const [verb, line, end, status] of cases) {
    it(`that meets "${line}" at ${verb} is ${end}`, async () => {
      server.says.set(verb, line);
      const sent = await send();
      assert.deepEqual([sent.end, sent.status], [end, status]);
    });
  }

  it('is sent in the clear to loopback alone', async () => {
    // It leads there too, and is not known to.
    const sent = await sender('0.0.0.0')(outgoing(address));
    assert.equal(sent.end, 'failed');
    assert.ok(server.commands.includes('STARTTLS'), server.commands.join());
    assert.equal(server.commands.filter((line) => line.startsWith('MAIL')).length, 0);
  });

  it('is given up after 30 s', async () => {
    const clock = new ManualClock();
    server.says.set('MAIL', '250-and so on');
    const sending = sender('127.0.0.1', clock)(outgoing(address));
    await eventually(() => assert.ok(server.commands.some((line) => line.startsWith('MAIL'))));
    await clock.advance(30_000);
    const sent = await sending;
    assert.deepEqual([sent.end, sent.reason], ['failed', 'SMTP: timeout']);
  });

  it('waits for a server, where there is none', async () => {
    const none = createEmailSender({ smtp: undefined, clock: systemClock, publicUrl });
    assert.match((await none(outgoing(address))).reason ?? '', /SMTP_URL/);
    const port = server.port;
    const smtp = { url: `smtp://127.0.0.1:${port}`, from: 'a@b.example' };
    await server.close();
    const sent = await createEmailSender({ smtp, clock: systemClock, publicUrl })(
      outgoing(address),
    );
    assert.deepEqual([sent.end, sent.status], ['failed', null]);
    server = await SmtpServer.start();
  });
});
