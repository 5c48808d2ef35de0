import { answerMessage, isOverload } from '../../core/influx/errors.ts';

/** What came back for a batch: an answer of any status, or no answer at all. */
export type Outcome =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly text: string;
      readonly retryAfterMs: number | undefined;
    }
  | { readonly kind: 'no-answer'; readonly message: string };

/**
 * What to do with the batch. `stored`: done. `later`: the same again after a while. `fix`: a person
 * has to change a setting; tried again slowly. `unparsable`: nothing was stored, InfluxDB quotes
 * the bad lines. `partial`: all but `dropped` points were stored. `split`: too large as one.
 * `suspect`: refused for a reason that may lie in the lines or in the server; only a trial tells.
 */
export type Verdict =
  | { readonly kind: 'stored'; readonly reason: 'stored' }
  | {
      readonly kind: 'later';
      readonly reason: 'no-answer' | 'overload' | 'too-many-requests' | 'server-error';
      readonly message: string;
      readonly retryAfterMs: number | undefined;
    }
  | {
      readonly kind: 'fix';
      readonly reason: 'unauthorized' | 'forbidden' | 'not-found' | 'not-influxdb';
      readonly message: string;
    }
  | { readonly kind: 'unparsable'; readonly reason: 'unparsable'; readonly message: string }
  | {
      readonly kind: 'partial';
      readonly reason: 'type-conflict' | 'outside-retention' | 'dropped';
      readonly message: string;
      /** Undefined when InfluxDB does not say. */
      readonly dropped: number | undefined;
    }
  | { readonly kind: 'split'; readonly reason: 'too-large'; readonly message: string }
  | {
      readonly kind: 'suspect';
      readonly reason: 'rejected' | 'internal-error';
      readonly message: string;
      readonly retryAfterMs: number | undefined;
    };

/**
 * The one place that knows what InfluxDB means. Measured on 2.7.12: overload comes as 400 and 500,
 * one bad line refuses a whole batch with 400, a type conflict or a time outside retention refuses
 * only its own points with 422.
 */
export function judge(outcome: Outcome): Verdict {
  if (outcome.kind === 'no-answer') {
    const { message } = outcome;
    return { kind: 'later', reason: 'no-answer', message, retryAfterMs: undefined };
  }
  const { status, retryAfterMs } = outcome;
  if (status === 204) return { kind: 'stored', reason: 'stored' };
  const message = answerMessage(outcome.text);
  if (isOverload(message)) return { kind: 'later', reason: 'overload', message, retryAfterMs };
  switch (status) {
    case 401:
      return { kind: 'fix', reason: 'unauthorized', message: `${message}; check INFLUX_TOKEN` };
    case 403:
      return {
        kind: 'fix',
        reason: 'forbidden',
        message: `${message}; give the token write access`,
      };
    case 404:
      return {
        kind: 'fix',
        reason: 'not-found',
        message: `${message}; check INFLUX_ORG and INFLUX_BUCKET`,
      };
    case 413:
      return { kind: 'split', reason: 'too-large', message };
    case 429:
      return { kind: 'later', reason: 'too-many-requests', message, retryAfterMs };
    case 408:
    case 502:
    case 503:
    case 504:
      return {
        kind: 'later',
        reason: 'server-error',
        message: said(status, message),
        retryAfterMs,
      };
    case 400:
      if (/unable to parse '/.test(message))
        return { kind: 'unparsable', reason: 'unparsable', message };
      break;
    case 422:
      if (/partial write|dropped=\d/.test(message)) return partial(message);
      break;
  }
  return judgeOther(status, message, retryAfterMs);
}

function judgeOther(status: number, message: string, retryAfterMs: number | undefined): Verdict {
  // A 2xx that is no 204 or a redirect comes from something in front, or from no InfluxDB at all.
  if (status < 400) {
    const text = `${said(status, message)}, wanted 204; is INFLUX_URL an InfluxDB?`;
    return { kind: 'fix', reason: 'not-influxdb', message: text };
  }
  const reason = status >= 500 ? 'internal-error' : 'rejected';
  return { kind: 'suspect', reason, message: said(status, message), retryAfterMs };
}

function partial(message: string): Verdict {
  const dropped = /dropped=(\d+)/.exec(message)?.[1];
  const reason = message.includes('field type conflict')
    ? 'type-conflict'
    : message.includes('outside retention policy')
      ? 'outside-retention'
      : 'dropped';
  return {
    kind: 'partial',
    reason,
    message,
    dropped: dropped === undefined ? undefined : Number(dropped),
  };
}

function said(status: number, message: string): string {
  return message === '' ? `answered ${status}` : `answered ${status}: ${message}`;
}

/**
 * The lines that a 400 quotes, with the reason of each: `unable to parse '<line>': <reason>`, one
 * after the other. Lines may hold quotes, colons and newlines themselves, so only lines that were
 * sent count.
 */
export function quotedLines(
  message: string,
  isSent: (line: string) => boolean,
): Map<string, string> {
  const found = new Map<string, string>();
  const starts = [...message.matchAll(/(?:^|\n)unable to parse '/g)];
  for (const [i, start] of starts.entries()) {
    const from = start.index + start[0].length;
    const piece = message.slice(from, starts[i + 1]?.index ?? message.length);
    for (let end = piece.indexOf("': "); end !== -1; end = piece.indexOf("': ", end + 1)) {
      const line = piece.slice(0, end);
      if (!isSent(line)) continue;
      found.set(line, piece.slice(end + 3));
      break;
    }
  }
  return found;
}
