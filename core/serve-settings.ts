import { z } from 'zod';
import { addressRanges } from './address-ranges.ts';
import type { ApiKey } from './config.ts';
import { apiKeys, keeping } from './config-values.ts';
import { ifValid } from './errors.ts';
import { setting } from './setting.ts';

/** Settings of how the API serves those whom it does not know yet, and what it writes down. */
export interface ServeConfig {
  readonly apiKeys: readonly ApiKey[];
  /** Requests a second for each key that has no rate of its own; 0: as many as come. */
  readonly apiRate: number;
  /** Origins whose pages may use the API, or `*` alone. */
  readonly corsOrigins: readonly string[];
  /** Ranges of the proxies whose word on the client's address counts. */
  readonly trustProxy: readonly string[];
  /** 0: for ever. */
  readonly auditKeptMs: number;
}

const listed = z.string().transform((value) => value.split(',').map((entry) => entry.trim()));

const rate = z
  .string()
  .regex(/^\d+(\.\d+)?$/)
  .transform(Number)
  .pipe(z.number().max(100_000));

/** As a browser sends it: scheme, host, and the port unless it is the usual one. */
function isOrigin(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

const origins = listed.refine((all) => all.every(isOrigin) || (all.length === 1 && all[0] === '*'));

const ranges = listed.refine((all) => ifValid(() => addressRanges(all)) !== undefined);

export const serveSettings = {
  apiKeys: setting('API_KEYS', apiKeys, {
    default: '',
    expected: 'name:role:secret with commas between; role read, write or admin; 16+ characters',
    about:
      'Keys of the API, besides those of `tidemark keys`. None of either: open on loopback alone.',
    secret: true,
  }),
  apiRate: setting('API_RATE', rate, {
    default: '50',
    expected: 'requests a second, such as 50 or 0.5, or 0 for no limit',
    about:
      'How much one key may ask, and one address without a key; four seconds of it at once. A key ' +
      'may have a rate of its own. While there are no keys there is no limit.',
  }),
  corsOrigins: setting('CORS_ORIGINS', origins, {
    default: '',
    expected: 'origins such as https://app.example.com with commas between, or * alone',
    about:
      'Whose pages may use the API from a browser, besides its own. `*` counts only while there are ' +
      'keys.',
  }),
  trustProxy: setting('TRUST_PROXY', ranges, {
    default: '',
    expected: 'ranges such as 10.0.0.0/8 and addresses, with commas between',
    about:
      'Proxies in front of the API: what they say in `X-Forwarded-For` is the address that limits and ' +
      'the audit go by. None: the address of the connection.',
  }),
  auditKeptMs: setting('AUDIT_RETENTION', keeping(864e5), {
    default: '90d',
    expected: 'a length of time of at least 1d, or 0 for ever',
    about: 'How long it is kept who changed what.',
  }),
} as const;
