import { connect } from 'node:net';
import { childAbort } from '../../core/abort.ts';
import type { Clock } from '../../core/clock.ts';
import { codeOf } from './outcome.ts';

export interface ConnectivityOptions {
  readonly places: readonly Place[];
  readonly clock: Clock;
  readonly timeoutMs?: number;
}

interface Place {
  readonly host: string;
  readonly port: number;
}

const TIMEOUT_MS = 2_000;

/** Whether any of the places takes a connection, or refuses one: either way there is a network. */
export function createConnectivityCheck(options: ConnectivityOptions): () => Promise<boolean> {
  const { places, clock, timeoutMs = TIMEOUT_MS } = options;
  return async () => {
    const enough = childAbort(undefined);
    const late = clock.sleep(timeoutMs, enough.signal).then(
      () => false,
      () => false,
    );
    const any = Promise.any(places.map((place) => reach(place, enough.signal))).then(
      () => true,
      () => false,
    );
    try {
      return await Promise.race([any, late]);
    } finally {
      enough.release();
    }
  };
}

function reach(place: Place, signal: AbortSignal): Promise<void> {
  return new Promise((reached, failed) => {
    const socket = connect({ ...place, signal });
    socket.once('connect', () => {
      socket.destroy();
      reached();
    });
    socket.on('error', (error) => (codeOf(error) === 'ECONNREFUSED' ? reached() : failed(error)));
  });
}
