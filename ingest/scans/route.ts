import { isCode } from '../../core/errors.ts';
import { type Headers, textOf } from './exchange.ts';
import { ScanFailure } from './outcome.ts';
import { REDIRECTS_MAX, type ReadUrl, readUrl, type ScanTarget } from './target.ts';

/** A request to make: the target's own, or where its answer led. */
export interface Step {
  readonly url: URL;
  /** Text, origin and path of the URL, which makes them anew each time. */
  readonly href: string;
  readonly origin: string;
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** The first request. @throws ScanFailure `invalid` for a URL that is none. */
export function firstStep(target: ScanTarget, userAgent: string): Step {
  const { url, authorization } = read(target.url, 'invalid');
  const headers: Record<string, string> = plainHeaders(url, userAgent);
  if (authorization !== undefined) headers.authorization = authorization;
  for (const [name, value] of Object.entries(target.headers)) headers[name.toLowerCase()] = value;
  return { ...textsOf(url), method: target.method, headers, body: target.body };
}

/** Where an answer redirects to; undefined when it is the last one. */
export function locationOf(
  target: ScanTarget,
  status: number,
  headers: Headers,
): string | undefined {
  if (!target.followRedirects || !REDIRECTS.has(status)) return undefined;
  return textOf(headers.location);
}

/**
 * The request that follows a redirect, as browsers do it (Fetch, 4.4): 303, and 301 and 302 after a
 * POST, become a GET. Another origin hears nothing of what was meant for the first: no headers of
 * the target, no credentials, no body. Credentials in the location are left out.
 * @throws ScanFailure `redirect`.
 */
export function nextStep(
  step: Step,
  redirect: { readonly status: number; readonly location: string; readonly count: number },
  userAgent: string,
): Step {
  const { status, location, count } = redirect;
  if (count > REDIRECTS_MAX) {
    throw new ScanFailure('redirect', `more than ${REDIRECTS_MAX} redirects`);
  }
  const { url } = read(location, 'redirect', step.url);
  const rewritten = status === 303 || (status <= 302 && step.method === 'POST');
  const method = rewritten && step.method !== 'HEAD' ? 'GET' : step.method;
  const body = method === step.method ? step.body : undefined;
  const texts = textsOf(url);
  if (texts.origin === step.origin) return { ...texts, method, headers: step.headers, body };
  if (body !== undefined) {
    throw new ScanFailure('redirect', 'the redirect would take the body to another origin');
  }
  return { ...texts, method, headers: plainHeaders(url, userAgent) };
}

function textsOf(url: URL): Pick<Step, 'url' | 'href' | 'origin' | 'path'> {
  const { href, origin, pathname, search } = url;
  return { url, href, origin, path: `${pathname}${search}` };
}

function plainHeaders(url: URL, userAgent: string): Record<string, string> {
  return {
    host: url.host,
    'user-agent': userAgent,
    accept: '*/*',
    'accept-encoding': 'gzip, deflate, br',
  };
}

function read(text: string, reason: 'invalid' | 'redirect', base?: URL): ReadUrl {
  try {
    return readUrl(text, base);
  } catch (error) {
    if (!isCode(error, 'invalid')) throw error;
    const what = reason === 'redirect' ? 'the redirect leads to what is' : 'the target is';
    throw new ScanFailure(reason, `${what} not an http or https URL`, error);
  }
}
