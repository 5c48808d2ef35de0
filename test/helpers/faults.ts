/**
 * What goes wrong with exchanges, as answers of a server: each fault knows how it is sent and with
 * which reason a poll that meets it has to be refused.
 */
import type { ServerResponse } from 'node:http';
import type { PriceAdapter } from '../../ingest/prices/adapter.ts';

const RATE_LIMIT_PAUSE_MS = 60_000;
const FORBIDDEN_PAUSE_MS = 300_000;
const JSON_TYPE = 'application/json; charset=utf-8';

export interface FaultScene {
  readonly response: ServerResponse;
  /** The good answer that would have been given. */
  readonly body: string;
  readonly nowMs: number;
  readonly adapter: PriceAdapter;
  /** For faults that come in several kinds: which one, in [0, 1). */
  readonly pick: number;
}

export interface Consequence {
  /** The reason of the refusal. */
  readonly reason: string;
  /** For how long the host has to be left alone. */
  readonly pauseMs?: number;
}

export interface Fault {
  readonly name: string;
  /** How often among the others. */
  readonly weight: number;
  send(scene: FaultScene): Consequence;
}

interface Plain {
  readonly status?: number;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

function answer(response: ServerResponse, { status = 200, type, headers, body }: Plain): void {
  const length = String(Buffer.byteLength(body));
  response.writeHead(status, {
    'content-type': type ?? JSON_TYPE,
    'content-length': length,
    ...headers,
  });
  response.end(body);
}

/** A fault that is one answer. */
function plain(
  name: string,
  reason: string,
  { weight = 2, make }: { weight?: number; make: (body: string) => Plain },
): Fault {
  return {
    name,
    weight,
    send({ response, body }) {
      answer(response, make(body));
      return { reason };
    },
  };
}

const PAGE = '<!DOCTYPE html>\n<html><head><title>Just a moment...</title></head></html>';
const HTML = 'text/html; charset=UTF-8';

const limits: readonly Fault[] = [
  {
    name: '429 with Retry-After in seconds',
    weight: 1,
    send({ response }) {
      const headers = { 'retry-after': '90' };
      answer(response, { status: 429, headers, body: '{"message":"Too Many Requests"}' });
      return { reason: 'rate-limited', pauseMs: 90_000 };
    },
  },
  {
    name: '429 with Retry-After as a date',
    weight: 1,
    send({ response, nowMs }) {
      const date = new Date(nowMs + 150_000).toUTCString();
      answer(response, { status: 429, type: HTML, headers: { 'retry-after': date }, body: PAGE });
      return { reason: 'rate-limited', pauseMs: Date.parse(date) - nowMs };
    },
  },
  {
    name: '418 with the end of the ban',
    weight: 1,
    send({ response, nowMs }) {
      const untilMs = nowMs + 200_000;
      const msg = `Way too many requests; IP banned until ${untilMs}.`;
      answer(response, { status: 418, body: JSON.stringify({ code: -1003, msg }) });
      return { reason: 'banned', pauseMs: 200_000 };
    },
  },
  {
    name: '403',
    weight: 0.5,
    send({ response, adapter }) {
      answer(response, { status: 403, type: HTML, body: PAGE });
      return { reason: 'forbidden', pauseMs: adapter.pauses?.[403] ?? FORBIDDEN_PAUSE_MS };
    },
  },
];

const wrongAnswers: readonly Fault[] = [
  plain('a page in a 200', 'html', { make: () => ({ type: HTML, body: PAGE }) }),
  plain('a page that calls itself JSON', 'html', { make: () => ({ body: PAGE }) }),
  plain('JSON cut in the middle', 'not-json', {
    make: (body) => ({ body: body.slice(0, body.length / 2) }),
  }),
  plain('bytes that are no UTF-8', 'not-json', {
    make: (body) => ({ body: Buffer.concat([Buffer.from(body), Buffer.from([0xc3, 0x28])]) }),
  }),
  plain('JSON of another shape', 'shape', { make: () => ({ body: '{"unrelated":[1,2,3]}' }) }),
  plain('500 with JSON', 'server-error', {
    make: () => ({ status: 500, body: '{"code":500,"message":"Internal System Error"}' }),
  }),
  plain('502 with a page', 'server-error', {
    make: () => ({ status: 502, type: HTML, body: PAGE }),
  }),
  plain('503 for maintenance', 'maintenance', {
    make: () => ({ status: 503, body: '{"message":"under maintenance"}' }),
  }),
  plain('404', 'status', { make: () => ({ status: 404, body: '{"message":"NotFound"}' }) }),
  plain('a redirect', 'redirect', {
    make: () => ({ status: 301, headers: { location: '/elsewhere' }, body: '' }),
  }),
  plain('a broken compression', 'encoding', {
    make: (body) => ({ headers: { 'content-encoding': 'gzip' }, body: `not gzip ${body}` }),
  }),
];

const brokenConnections: readonly Fault[] = [
  {
    name: 'a reset before the headers',
    weight: 2,
    send({ response }) {
      response.socket?.destroy();
      return { reason: 'reset' };
    },
  },
  {
    name: 'a reset in the middle of the body',
    weight: 2,
    send({ response, body }) {
      response.writeHead(200, { 'content-length': String(Buffer.byteLength(body)) });
      response.write(body.slice(0, 20), () => response.socket?.destroy());
      return { reason: 'truncated' };
    },
  },
  {
    name: 'one byte, then nothing',
    weight: 1,
    send({ response, body }) {
      response.writeHead(200, { 'content-length': String(Buffer.byteLength(body)) });
      response.write(body.slice(0, 1));
      return { reason: 'deadline' };
    },
  },
  { name: 'no answer', weight: 1, send: () => ({ reason: 'deadline' }) },
];

/** Errors that exchanges put inside a 200: body and reason. */
export const ERROR_BODIES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  binance: [['{"code":-1121,"msg":"Invalid symbol."}', 'error-body']],
  bitfinex: [
    ['["error",10020,"symbol: invalid"]', 'error-body'],
    ['["error",11010,"ratelimit: error"]', 'rate-limited'],
  ],
  bitget: [['{"code":"40034","msg":"Parameter does not exist","data":null}', 'error-body']],
  bithumb: [['{"status":"5500","message":"Invalid Parameter"}', 'error-body']],
  bitstamp: [['{"error":"Bitstamp.net is under scheduled maintenance."}', 'maintenance']],
  bybit: [
    ['{"retCode":10006,"retMsg":"Too many visits. Exceeded the API Rate Limit."}', 'rate-limited'],
    ['{"retCode":10001,"retMsg":"Not supported symbols","result":{}}', 'error-body'],
  ],
  coinbase: [['{"message":"NotFound"}', 'error-body']],
  cryptocom: [['{"code":9010001,"message":"SYSTEM_MAINTENANCE"}', 'maintenance']],
  cryptowatch: [['{"error":"Exchange not found","allowance":{"cost":0.005}}', 'error-body']],
  gate: [['{"label":"INVALID_CURRENCY_PAIR","message":"Invalid currency pair A_B"}', 'error-body']],
  gemini: [
    [
      '{"result":"error","reason":"RateLimit","message":"Requests were made too often"}',
      'rate-limited',
    ],
  ],
  htx: [
    ['{"status":"error","err-code":"invalid-parameter","err-msg":"invalid symbol"}', 'error-body'],
    ['{"status":"error","err-code":"rate-too-many-requests","data":null}', 'rate-limited'],
    ['{"status":"error","err-code":"system-maintenance","data":null}', 'maintenance'],
  ],
  kraken: [
    ['{"error":["EQuery:Unknown asset pair"]}', 'error-body'],
    ['{"error":["EAPI:Rate limit exceeded"]}', 'rate-limited'],
    ['{"error":["EService:Busy"]}', 'server-error'],
  ],
  kucoin: [['{"msg":"Unsupported trading pair.","code":"400100"}', 'error-body']],
  mexc: [
    ['{"code":10007,"msg":"bad symbol"}', 'error-body'],
    ['{"code":500,"message":"Under maintenance, please try again later"}', 'maintenance'],
  ],
  okx: [['{"code":"51001","msg":"Instrument ID does not exist","data":[]}', 'error-body']],
  poloniex: [['{"code":24101,"data":"","msg":"Invalid symbol!"}', 'error-body']],
  upbit: [
    ['{"error":{"name":404,"message":"Code not found"}}', 'error-body'],
    ['{"name":"too_many_requests"}', 'rate-limited'],
  ],
};

const errorBody: Fault = {
  name: 'an error inside a 200',
  weight: 6,
  send({ response, adapter, pick }) {
    const bodies = ERROR_BODIES[adapter.id] ?? [];
    const [body, reason] = bodies[Math.floor(pick * bodies.length)] ?? ['{}', 'shape'];
    answer(response, { body });
    return {
      reason,
      ...(reason === 'rate-limited' && { pauseMs: RATE_LIMIT_PAUSE_MS }),
    };
  },
};

/** Every fault that hits a whole answer, whatever the market says. */
export const FAULTS: readonly Fault[] = [
  ...limits,
  ...wrongAnswers,
  ...brokenConnections,
  errorBody,
];

/** A price in a row of a good answer: the JSON that stands there, and the text to store, if any. */
export const ODD_PRICES: readonly (readonly [string, string | undefined])[] = [
  ['null', undefined],
  ['""', undefined],
  ['"1e-8"', '1e-8'],
  ['1e-8', '1e-8'],
  ['1E+3', '1E+3'],
  ['37.930307309999996', '37.930307309999996'],
  ['"37.930307309999996"', '37.930307309999996'],
  ['"0.000000000000000000123456789012345678"', '0.000000000000000000123456789012345678'],
  ['"NaN"', undefined],
  ['"Infinity"', undefined],
  ['"1e999"', undefined],
  ['1e999', undefined],
  ['"0x10"', undefined],
  ['" 1"', undefined],
  ['"1,000.5"', undefined],
  ['0', undefined],
  ['"0.00000000"', undefined],
  ['-5.25', undefined],
  ['"-0"', undefined],
  ['true', undefined],
  ['{}', undefined],
  ['[]', undefined],
];
