/** What is beyond this machine: exchanges, the mail server, other clocks. */
import { messageOf } from '../../core/errors.ts';
import type { PriceAdapter } from '../../ingest/prices/adapter.ts';
import { chooseExchanges, exchanges } from '../../ingest/prices/exchanges/list.ts';
import { ask, greetingOf, type Told } from './ask.ts';
import { type Finding, fail, ok, type Patient, warn } from './finding.ts';

export interface Outside {
  readonly findings: readonly Finding[];
  /** How far other clocks are ahead, in ms. */
  readonly aheadMs: readonly number[];
}

export async function checkExchanges(patient: Patient): Promise<Outside> {
  const { exchanges: wanted, exchangeUrls: urls } = patient.config;
  const known = exchanges.map(({ id }) => id);
  const strange = [...(wanted ?? []), ...Object.keys(urls)].filter(
    (id) => !known.includes(id) && !id.startsWith('ccxt:'),
  );
  if (strange.length > 0) {
    const found = `EXCHANGES: there is no ${strange.join(', ')}`;
    return { findings: [fail('exchanges', found, `one of ${known.join(', ')}`)], aheadMs: [] };
  }
  const ids = wanted?.filter((id) => known.includes(id));
  const own = chooseExchanges({ ids, urls: pick(urls, known) });
  const told = await Promise.all(
    own.map(async ({ adapter, baseUrl }) => {
      return { adapter, answer: await ask(patient, baseUrl + pathOf(adapter), { headOnly: true }) };
    }),
  );
  const bad = told.filter(({ answer }) => answer.status < 200 || answer.status >= 400);
  const aheadMs = told.flatMap(({ answer }) => answer.aheadMs ?? []);
  if (own.length > 0 && bad.length === own.length && bad.every(({ answer }) => !answer.status)) {
    const found = `none of ${own.length} answers: ${bad[0]!.answer.why}`;
    const fix = 'check network, DNS and proxy; without a network, tidemark demo shows all of it';
    return { findings: [fail('exchanges', found, fix)], aheadMs };
  }
  const well = own.length - bad.length;
  const findings = bad.map(({ adapter, answer }) => troubleOf(adapter.id, answer));
  return { findings: [ok('exchanges', `${well} of ${own.length} answer`), ...findings], aheadMs };
}

function pick(urls: Readonly<Record<string, string>>, ids: readonly string[]) {
  return Object.fromEntries(Object.entries(urls).filter(([id]) => ids.includes(id)));
}

/** A list is there where the tickers have to be asked for by name. */
function pathOf({ requests }: PriceAdapter): string {
  const { tickers, lists } = requests;
  return (typeof tickers === 'function' ? lists[0]?.path : tickers[0]) ?? '/';
}

function troubleOf(id: string, { status, why, code }: Told): Finding {
  if (status === 451 || status === 403) {
    const found = `${id} refuses this address or region (${status})`;
    const fix = `leave it out of EXCHANGES, or set EXCHANGE_${id.toUpperCase()}_URL to a proxy`;
    return warn('exchanges', found, fix);
  }
  if (status === 429 || status === 418) {
    const fix = 'wait: too much was asked from this address';
    return warn('exchanges', `${id} asks for a pause (${status})`, fix);
  }
  if (status > 0) return warn('exchanges', `${id} answers ${status}`, 'try again later');
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return warn('exchanges', `${id} has no address: ${why}`, 'check DNS');
  }
  if (/CERT|SELF_SIGNED|SSL|TLS|UNABLE_TO/.test(code)) {
    const fix = 'check the clock, and NODE_EXTRA_CA_CERTS if a proxy reads along';
    return warn('exchanges', `${id} is not trusted: ${why}`, fix);
  }
  return warn('exchanges', `${id} does not answer: ${why}`, 'check network, firewall and proxy');
}

const SMTP_PORT = 587;
const SMTPS_PORT = 465;

export async function checkMail({ config, signal }: Patient): Promise<Finding> {
  if (config.smtpUrl === undefined) return ok('mail', 'no SMTP_URL: no e-mails are sent');
  const { protocol, hostname: host, port } = new URL(config.smtpUrl);
  const tls = protocol === 'smtps:';
  const place = { host, port: Number(port) || (tls ? SMTPS_PORT : SMTP_PORT), tls };
  const name = `${place.host}:${place.port}`;
  const fix = 'mend SMTP_URL: smtp:// on port 587, smtps:// on port 465';
  try {
    const greeting = await greetingOf(place, signal);
    if (/^220[ -]/.test(greeting)) return ok('mail', `${name} takes mail`);
    return fail('mail', `${name} is no mail server: "${greeting.slice(0, 60)}"`, fix);
  } catch (error) {
    return fail('mail', `${name} does not answer: ${messageOf(error)}`, fix);
  }
}

const AHEAD_MS_WARN = 2_000;
const AHEAD_MS_FAIL = 60_000;

/** By the median of what others say in their Date, which has whole seconds. */
export function checkClock(aheadMs: readonly number[]): Finding[] {
  if (aheadMs.length === 0) return [];
  const sorted = aheadMs.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)]!;
  const seconds = Math.abs(median / 1_000).toFixed(1);
  const found = `this clock is ${seconds} s ${median > 0 ? 'behind' : 'ahead of'} others`;
  const fix = 'keep it by NTP (chrony, systemd-timesyncd): slots and alerts go by it';
  if (Math.abs(median) >= AHEAD_MS_FAIL) return [fail('clock', found, fix)];
  if (Math.abs(median) >= AHEAD_MS_WARN) return [warn('clock', found, fix)];
  return [ok('clock', 'right to a second or two')];
}
