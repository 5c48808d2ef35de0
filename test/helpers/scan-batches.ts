/** What an InfluxDB says of the scans of one monitor: the examples of docs/api.md. */
import type { RowBatch } from '../../core/influx/tables.ts';

const batch = (labels: string, rows: readonly string[]): RowBatch => ({
  columns: labels.split(' ').map((label) => ({ label, type: 'string', group: false })),
  rows: rows.map((row) => row.split(' ')),
});

const SCAN =
  '_time ok reason status bytes wire_bytes hops matched dns_ms connect_ms tls_ms ttfb_ms ' +
  'transfer_ms total_ms late_ms cert_days value_price';

export const scanBatches = {
  results: batch(SCAN, [
    '2022-10-11T03:35:00Z true ok 200 5120 1290 0 true 1.5 9.25 21 30.5 2 65 0.5 61.5 42.5',
    '2022-10-11T03:35:30Z false timeout-connect    0  1 9999    10000 0.25  ',
  ]),
  reasons: batch('_time reason _value', [
    '2022-10-11T03:00:00Z ok 50',
    '2022-10-11T03:30:00Z ok 45',
    '2022-10-11T03:00:00Z timeout-connect 4',
    '2022-10-11T03:30:00Z throttled 1',
  ]),
  latency: batch('part _value', [
    ...['mean 70.5', 'p50 65', 'p90 90', 'p99 140', 'max 150'],
    ...['dns_ms 1.5', 'connect_ms 9', 'tls_ms 21', 'ttfb_ms 31', 'transfer_ms 2', 'late_ms 0.5'],
  ]),
  latencySteps: batch('part _time _value', [
    'mean 2022-10-11T03:00:00Z 71',
    'max 2022-10-11T03:00:00Z 150',
    'mean 2022-10-11T03:30:00Z 70',
    'max 2022-10-11T03:30:00Z 120',
  ]),
};
