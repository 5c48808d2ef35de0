import type { NewMonitor } from '../../registry/monitors.ts';

/** A monitor with everything at its default. */
export function newMonitor(url: string, more: Partial<NewMonitor> = {}): NewMonitor {
  return {
    ...{ url, regexp: null, name: null, tags: {}, intervalMs: 60_000 },
    host: URL.canParse(url) ? new URL(url).host : '',
    settings: {
      ...{ method: 'GET', headers: {}, expectStatus: null, timeoutMs: 10_000 },
      ...{ followRedirects: true, bodyBytesMax: 1_048_576, keepAlive: false },
      ...{ failuresBeforeDown: 2, successesBeforeUp: 1 },
    },
    ...more,
  };
}
