import { bitfinexSymbol } from '../books/bitfinex.ts';
import { bare } from '../books/book.ts';
import type { Quote } from '../market.ts';
import { type Connection, createChanges, objectOf, type StreamScript } from './stream.ts';

const CHANNELS_MAX = 25;
const HEARTBEAT_MS = 15_000;

/** BID, BID_SIZE, ASK, ASK_SIZE, CHANGE, CHANGE_RELATIVE, LAST, VOLUME, HIGH, LOW: bare numbers. */
function frame(channel: number, { bid, ask, last, volume }: Quote): string {
  const cells = [bid, '12.5', ask, '7.25', '0', '0', last, volume, ask, bid];
  return `[${channel},[${cells.map(bare).join(',')}]]`;
}

interface Channel {
  readonly id: number;
  saidMs: number;
}

/** `/ws/2`: one subscription for each market, 25 at most, each with a channel number of its own. */
export const bitfinex: StreamScript = {
  serves: (url) => url.pathname === '/ws/2',
  open(connection) {
    const { market, send, sendText, nowMs } = connection;
    const channels = new Map<string, Channel>();
    const changes = createChanges(market, 'bitfinex');
    changes(nowMs);
    send({ event: 'info', version: 2, serverId: 'demo', platform: { status: 1 } });
    return {
      receive(text, now) {
        const asked = objectOf(text);
        if (asked?.event === 'ping') send({ event: 'pong', ts: now, cid: asked.cid });
        else if (asked?.event === 'subscribe') subscribe(connection, channels, { asked, now });
        else send({ event: 'error', msg: 'event: invalid', code: 10_000 });
      },
      tick(now) {
        for (const row of changes(now)) {
          const channel = channels.get(bitfinexSymbol(row));
          if (!channel) continue;
          channel.saidMs = now;
          sendText(frame(channel.id, row));
        }
        for (const channel of channels.values()) {
          if (now - channel.saidMs < HEARTBEAT_MS) continue;
          channel.saidMs = now;
          sendText(`[${channel.id},"hb"]`);
        }
      },
    };
  },
};

function subscribe(
  { market, send, sendText }: Connection,
  channels: Map<string, Channel>,
  { asked, now }: { asked: Readonly<Record<string, unknown>>; now: number },
): void {
  const { channel, symbol } = asked;
  const fail = (msg: string, code: number) =>
    send({ event: 'error', msg, code, channel, symbol, pair: String(symbol).slice(1) });
  const quote = market.quotes('bitfinex', now).find((each) => bitfinexSymbol(each) === symbol);
  if (channel !== 'ticker') fail('channel: unknown', 10_300);
  else if (!quote || typeof symbol !== 'string') fail('symbol: invalid', 10_300);
  else if (channels.has(symbol)) fail('subscribe: dup', 10_301);
  else if (channels.size >= CHANNELS_MAX) fail('subscribe: limit', 10_305);
  else {
    const id = 200_001 + channels.size;
    channels.set(symbol, { id, saidMs: now });
    send({ event: 'subscribed', channel, chanId: id, symbol, pair: symbol.slice(1) });
    sendText(frame(id, quote));
  }
}
