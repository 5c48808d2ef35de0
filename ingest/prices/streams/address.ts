import { TidemarkError } from '../../../core/errors.ts';
import type { StreamSource } from '../adapter.ts';
import { refusalOf } from '../fetch.ts';
import { Refusal } from '../refusal.ts';
import { decodeJson, judgeStatus } from '../suspicion.ts';
import { createHost } from './host.ts';
import type { StreamSourceOptions } from './options.ts';

const TICKET_BYTES_MAX = 64 * 1024;

/** Where the next connection goes. @throws Refusal when it has to be asked and is not told. */
export type AddressOf = (signal: AbortSignal, connectId: string) => Promise<string>;

export function createAddress(
  options: Omit<StreamSourceOptions, 'fallback' | 'metrics'>,
  { url, ticket }: Pick<StreamSource, 'url' | 'ticket'>,
): AddressOf {
  const { exchange, http, clock, deadlineMs, streamUrl } = options;
  if (!ticket) {
    const fixed = moved(url, streamUrl);
    return async () => fixed;
  }
  const host = createHost(options);
  return async (signal, connectId) => {
    const pauseMs = host.pauseMs();
    if (pauseMs > 0) throw new Refusal('rate-limited', 'its host is left alone', { pauseMs });
    try {
      const response = await http.fetch({
        url: `${exchange.baseUrl}${ticket.path}`,
        method: 'POST',
        headers: { accept: 'application/json' },
        deadlineMs,
        bytesMax: TICKET_BYTES_MAX,
        from: 'operator',
        signal,
      });
      const rules = { nowMs: clock.nowMs(), pauses: exchange.adapter.pauses };
      const refusal = judgeStatus(response, rules);
      if (refusal) throw refusal;
      return moved(ticket.urlOf(decodeJson(response), connectId), streamUrl);
    } catch (error) {
      const refusal = refusalOf(error);
      host.note(refusal);
      throw refusal;
    }
  };
}

/** `url` at another scheme, host and port. @throws TidemarkError `invalid` */
function moved(url: string, streamUrl: string | undefined): string {
  if (streamUrl === undefined) return url;
  const to = URL.canParse(streamUrl) ? new URL(streamUrl) : undefined;
  if (!to || !/^wss?:$/.test(to.protocol) || to.pathname !== '/' || to.search !== '') {
    throw new TidemarkError('invalid', 'a stream URL is not a plain ws(s) address', {
      details: { got: streamUrl, expected: 'scheme, host and port, such as ws://10.0.0.7:8080' },
    });
  }
  const from = new URL(url);
  return `${to.origin}${from.pathname}${from.search}`;
}
