import { TidemarkError } from '../../core/errors.ts';
import type { Pattern } from './pattern.ts';

export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
export type ScanMethod = (typeof METHODS)[number];

/** Statuses from the first to the last, both included. */
export type StatusRange = readonly [from: number, to: number];

/** What is scanned, and what is expected of it. */
export interface ScanTarget {
  /** http or https. A user and password in it are sent as a header and told nowhere. */
  readonly url: string;
  readonly method: ScanMethod;
  /** Sent to the target's own origin alone: a redirect elsewhere does not carry them along. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Has to match somewhere in the body. */
  readonly pattern?: Pattern;
  readonly expectStatus: readonly StatusRange[];
  /** One deadline over everything: names, connections, every redirect, the body, the pattern. */
  readonly timeoutMs: number;
  readonly followRedirects: boolean;
  /** Most bytes of the body that are read, after decompression. */
  readonly bodyBytesMax: number;
  /** Connections are kept for the next scan: cheaper, but then most scans measure no handshake. */
  readonly keepAlive: boolean;
}

export const REDIRECTS_MAX = 10;
export const TIMEOUT_MS_DEFAULT = 10_000;
export const TIMEOUT_MS_MAX = 120_000;
export const BODY_BYTES_DEFAULT = 1024 * 1024;
export const BODY_BYTES_MAX = 16 * 1024 * 1024;
const URL_LENGTH_MAX = 4096;
const HEADERS_MAX = 32;
const HEADER_BYTES_MAX = 8 * 1024;
const REQUEST_BODY_MAX = 64 * 1024;

/** Decided by the connection itself; a different value would contradict what is sent. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  ...['connection', 'content-length', 'expect', 'keep-alive', 'proxy-authorization'],
  ...['proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
]);
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * A target with what was left out filled in.
 *
 * Expected are the statuses 200 to 299, as blackbox_exporter and Uptime Kuma have it. Where
 * redirects are not followed it is 200 to 399, because then a redirect is the answer.
 *
 * @throws TidemarkError `invalid`, naming the option, what was expected and what came.
 */
export function scanTarget(given: Partial<ScanTarget> & { readonly url: string }): ScanTarget {
  const followRedirects = given.followRedirects ?? true;
  const target: ScanTarget = {
    method: 'GET',
    headers: {},
    expectStatus: [followRedirects ? [200, 299] : [200, 399]],
    timeoutMs: TIMEOUT_MS_DEFAULT,
    bodyBytesMax: BODY_BYTES_DEFAULT,
    keepAlive: false,
    ...given,
    followRedirects,
  };
  readUrl(target.url);
  check('method', METHODS.includes(target.method), METHODS.join(', '), target.method);
  checkHeaders(target.headers);
  const bodyBytes = Buffer.byteLength(target.body ?? '');
  check('body', bodyBytes <= REQUEST_BODY_MAX, `at most ${REQUEST_BODY_MAX} bytes`, bodyBytes);
  const bodiless = target.method === 'GET' || target.method === 'HEAD';
  check('body', !bodiless || target.body === undefined, `none with ${target.method}`, 'one');
  for (const [from, to] of target.expectStatus) {
    const fits = Number.isInteger(from) && Number.isInteger(to) && from >= 100 && from <= to;
    check('expectStatus', fits && to <= 599, 'from 100 to 599', `${from}-${to}`);
  }
  check('expectStatus', target.expectStatus.length > 0, 'at least one range', 'none');
  checkNumber('timeoutMs', target.timeoutMs, [1, TIMEOUT_MS_MAX]);
  checkNumber('bodyBytesMax', target.bodyBytesMax, [0, BODY_BYTES_MAX]);
  return target;
}

/** A URL as it is asked for, and the credentials that stood in it. */
export interface ReadUrl {
  readonly url: URL;
  readonly authorization?: string;
}

/**
 * Reads a URL once; from then on only its parts are used. `base` is for redirects.
 * @throws TidemarkError `invalid`.
 */
export function readUrl(text: string, base?: URL): ReadUrl {
  check('url', text.length <= URL_LENGTH_MAX, `at most ${URL_LENGTH_MAX} characters`, text.length);
  const url = URL.canParse(text, base?.href) ? new URL(text, base?.href) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.hostname === '') {
    throw invalid('url', 'an http or https URL', url?.protocol ?? 'none');
  }
  const { username, password } = url;
  url.username = '';
  url.password = '';
  url.hash = '';
  if (username === '' && password === '') return { url };
  const pair = `${decoded(username)}:${decoded(password)}`;
  return { url, authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** Whether `status` is among the expected ones. */
export function expects(target: ScanTarget, status: number): boolean {
  return target.expectStatus.some(([from, to]) => from <= status && status <= to);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a lone percent sign stands for itself
  }
}

function checkHeaders(headers: Readonly<Record<string, string>>): void {
  const entries = Object.entries(headers);
  check('headers', entries.length <= HEADERS_MAX, `at most ${HEADERS_MAX}`, entries.length);
  const seen = new Set<string>();
  let bytes = 0;
  for (const [name, value] of entries) {
    const lower = name.toLowerCase();
    check('headers', TOKEN.test(name), 'names of letters, digits and -', name.slice(0, 40));
    check('headers', !OWN_HEADERS.has(lower), 'none that the connection decides', lower);
    check('headers', !seen.has(lower), 'each name once', lower);
    check('headers', VALUE.test(value), 'values of one line, in Latin letters', `${lower}: ...`);
    seen.add(lower);
    bytes += name.length + value.length;
  }
  check('headers', bytes <= HEADER_BYTES_MAX, `at most ${HEADER_BYTES_MAX} bytes`, bytes);
}

function checkNumber(name: string, got: number, [least, most]: readonly [number, number]): void {
  const fits = Number.isInteger(got) && got >= least && got <= most;
  check(name, fits, `a whole number from ${least} to ${most}`, got);
}

function check(option: string, holds: boolean, expected: string, got: string | number): void {
  if (!holds) throw invalid(option, expected, got);
}

function invalid(option: string, expected: string, got: string | number): TidemarkError {
  const details = { option, expected, got };
  return new TidemarkError('invalid', `not a target: ${option}`, { details });
}
