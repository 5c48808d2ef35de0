import type { Metrics } from '../../../core/metrics.ts';

/** Why a connection ended, or never began. A closed set: it is a metric's label. */
export type EndReason =
  | 'refused' // no connection, or a handshake that the server refused
  | 'ticket' // the request that tells the address failed
  | 'slow' // not open in time
  | 'closed' // by the server, or on the way
  | 'told' // the server said that it would end, or refused a frame
  | 'silence' // no frame for too long
  | 'unconfirmed' // not one subscription was confirmed
  | 'malformed' // only nonsense
  | 'too-large' // a frame above the cap
  | 'drift' // polls tell other prices: updates are lost
  | 'internal'; // a bug of ours

/** What a frame was. */
export type FrameOutcome = 'prices' | 'control' | 'malformed' | 'too-large';

/** What the price streams count, by exchange. */
export interface StreamMetrics {
  /** Connections that are open and subscribed, and the markets they serve. */
  served(exchange: string, connections: number, markets: number): void;
  reconnected(exchange: string, reason: EndReason): void;
  frame(exchange: string, outcome: FrameOutcome): void;
  /** Quiet markets whose price in a poll was another one than the stream's. */
  drifted(exchange: string, markets: number): void;
}

export function createStreamMetrics(metrics: Metrics): StreamMetrics {
  const exchange = ['exchange'] as const;
  const connections = metrics.level({
    name: 'price_stream_connections',
    help: 'Websockets that are open and subscribed',
    labels: exchange,
  });
  const markets = metrics.level({
    name: 'price_stream_markets',
    help: 'Markets whose prices come from a stream now; the others are polled',
    labels: exchange,
  });
  const ends = metrics.count({
    name: 'price_stream_reconnects_total',
    help: 'Websockets that ended and are opened anew, by why they ended',
    labels: ['exchange', 'reason'],
  });
  const frames = metrics.count({
    name: 'price_stream_frames_total',
    help: 'Frames received, by what they were',
    labels: ['exchange', 'outcome'],
  });
  const drift = metrics.count({
    name: 'price_stream_drift_total',
    help: 'Quiet markets for which a poll told another price than the stream had',
    labels: exchange,
  });
  return {
    served(id, open, count) {
      connections.set(open, { exchange: id });
      markets.set(count, { exchange: id });
    },
    reconnected: (id, reason) => ends.add({ exchange: id, reason }),
    frame: (id, outcome) => frames.add({ exchange: id, outcome }),
    drifted: (id, count) => drift.add({ exchange: id }, count),
  };
}
