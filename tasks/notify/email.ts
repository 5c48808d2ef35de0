import { createTransport } from 'nodemailer';
import { childAbort } from '../../core/abort.ts';
import type { AlertMessage } from '../../core/alert-message.ts';
import type { Clock } from '../../core/clock.ts';
import { messageOf, TidemarkError } from '../../core/errors.ts';
import { escapeHtml } from '../../core/html.ts';
import { channelToken } from '../../registry/channel-address.ts';
import type { Sender, Sent } from './sender.ts';
import { type Wording, wordingOf } from './wording.ts';

/** From the call to the last answer of the server. */
const DEADLINE_MS = 30_000;

/** The operator's server. */
export interface SmtpServer {
  /** `smtp://user:password@host:587` or `smtps://`. */
  readonly url: string;
  /** `Tidemark <alerts@example.com>`, or the address alone. */
  readonly from: string;
}

export interface EmailOptions {
  readonly smtp: SmtpServer | undefined;
  readonly clock: Clock;
  /** Where links lead: the API, as its readers reach it. */
  readonly publicUrl: string;
}

interface Mail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** An e-mail in two forms, plain and marked up, that programs can end with one click. */
export function emailOf(
  message: AlertMessage,
  links: { readonly confirm: string; readonly leave: string },
): Mail {
  const wording = wordingOf(message);
  const confirm = message.type === 'channel.confirm' ? links.confirm : undefined;
  const all: Wording['links'] = [
    ...(confirm === undefined ? [] : [{ label: 'Confirm', url: confirm }]),
    ...wording.links,
  ];
  const whole = { ...wording, links: all };
  return {
    subject: `[Tidemark] ${wording.title}`,
    text: plainText(whole, links.leave),
    html: markup(whole, links.leave),
    headers: {
      'List-Unsubscribe': `<${links.leave}>`,
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      // No out-of-office replies, please.
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
    },
  };
}

function plainText({ title, text, facts, links }: Wording, leave: string): string {
  const lines = [
    ...[title, '', text, ''],
    ...facts.map(({ label, value }) => `${label}: ${value}`),
    ...links.map(({ label, url }) => `${label}: ${url}`),
    ...['', `No more of these: ${leave}`, ''],
  ];
  return lines.join('\n');
}

function markup({ title, text, facts, links }: Wording, leave: string): string {
  const rows = facts.map(
    ({ label, value }) =>
      `<tr><th align="left">${escapeHtml(label)}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  const anchor = (label: string, url: string) =>
    `<a href="${escapeHtml(url)}">${escapeHtml(label)}</a>`;
  return [
    '<!doctype html><html><head><meta charset="utf-8"></head><body>',
    `<h2>${escapeHtml(title)}</h2>`,
    `<p>${escapeHtml(text)}</p>`,
    rows.length === 0 ? '' : `<table>${rows.join('')}</table>`,
    links.map(({ label, url }) => `<p>${anchor(label, url)}</p>`).join(''),
    `<p><small>${anchor('No more of these', leave)}</small></p>`,
    '</body></html>',
  ].join('\n');
}

/** E-mails through one SMTP server, each by a connection of its own. */
export function createEmailSender({ smtp, clock, publicUrl }: EmailOptions): Sender<'email'> {
  return async ({ claim, address, payload, signal }) => {
    if (smtp === undefined) return failure('SMTP_URL and SMTP_FROM are not set');
    const link = (use: 'confirm' | 'leave'): string =>
      `${publicUrl}/channels/${use}?token=${channelToken(use, claim.channel, claim.secret)}`;
    const mail = emailOf(payload, { confirm: link('confirm'), leave: link('leave') });
    const transport = createTransport(transportOf(smtp.url));
    try {
      return await inTime(
        transport.sendMail({
          ...mail,
          from: smtp.from,
          // As an object: nothing in it is taken for a list of addresses.
          to: { name: '', address: address.address },
          messageId: `<${claim.message}.${claim.channel}@${domainOf(smtp.from)}>`,
          disableFileAccess: true,
          disableUrlAccess: true,
        }),
        { clock, signal },
      ).then(({ response }) => taken(response), notTaken);
    } finally {
      transport.close();
    }
  };
}

function domainOf(from: string): string {
  return /@([\w.-]+)>?\s*$/.exec(from)?.[1] ?? 'tidemark.invalid';
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/;

/** Passwords and alerts cross no network in the clear. */
function transportOf(text: string) {
  const url = new URL(text);
  const secure = url.protocol === 'smtps:';
  const user = decodeURIComponent(url.username);
  const loopback = LOOPBACK.test(url.hostname);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    requireTLS: !secure && !loopback,
    ignoreTLS: !secure && loopback,
    ...(user !== '' && { auth: { user, pass: decodeURIComponent(url.password) } }),
    ...{ connectionTimeout: DEADLINE_MS, greetingTimeout: DEADLINE_MS, socketTimeout: DEADLINE_MS },
  };
}

/** @throws TidemarkError `timeout`, or `cancelled` where the signal ends it */
async function inTime<T>(
  work: Promise<T>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<T> {
  const wait = childAbort(signal);
  const late = clock.sleep(DEADLINE_MS, wait.signal).then(() => {
    throw new TidemarkError('timeout', `no end in ${DEADLINE_MS / 1_000} s`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    wait.release();
    // Whoever comes second has nobody to tell.
    late.catch(() => undefined);
    work.catch(() => undefined);
  }
}

function taken(response: string): Sent {
  return { end: 'delivered', status: codeOf(response), reason: null, answer: response };
}

/** Commands whose refusal is about this message; what else is refused is the operator's to mend. */
const OF_THE_MESSAGE = new Set(['MAIL FROM', 'RCPT TO', 'DATA']);

function notTaken(error: unknown): Sent {
  if (error instanceof TidemarkError && error.code === 'cancelled') throw error;
  const { responseCode, response, command, code } = error as Partial<Record<string, unknown>>;
  const status = typeof responseCode === 'number' ? responseCode : null;
  if (status === null) return failure(`SMTP: ${String(code ?? messageOf(error))}`);
  const answer = typeof response === 'string' ? response : null;
  const never = status >= 500 && OF_THE_MESSAGE.has(String(command));
  const reason = `SMTP ${status} at ${String(command ?? 'the greeting')}`;
  return { end: never ? 'dead' : 'failed', status, reason, answer };
}

function failure(reason: string): Sent {
  return { end: 'failed', status: null, reason, answer: null };
}

function codeOf(response: string): number | null {
  const code = /^\d{3}/.exec(response)?.[0];
  return code === undefined ? null : Number(code);
}
