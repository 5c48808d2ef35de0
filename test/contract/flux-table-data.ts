/**
 * Questions about tables that the embedded engine and InfluxDB must answer alike. Each script reads
 * the data below from bucket `t` (and may write to `w`); `data`, `cpu` and `price` are prepared
 * pipes, and what stands before them is the script's imports.
 */
export interface TableCase {
  readonly name: string;
  readonly script: string;
  /** InfluxDB puts the columns in another order from run to run. */
  readonly anyColumnOrder?: boolean;
}

const BASE = 1_704_067_200; // 2024-01-01T00:00:00Z

function lines(): string[] {
  const out: string[] = [];
  const at = (seconds: number) => `${BASE + seconds}000000000`;
  const usage = [1.5, -2, 4, 4, 0.25, 10, 7.5, 3, 3, -1, 0, 12.125];
  usage.forEach((value, i) => {
    out.push(`cpu,host=a,region=eu usage=${value},idle=${90 - i * 3}i ${at(i * 30)}`);
    if (i % 2 === 0) out.push(`cpu,host=b,region=us usage=${value * 2},idle=${i}i ${at(i * 30)}`);
    if (i % 3 === 0) out.push(`cpu,host=c usage=${100 - value} ${at(i * 30 + 7)}`);
  });
  for (let i = 0; i < 5; i++) {
    out.push(`cpu,host=a,region=eu ok=${i % 2 === 0},note="n${i % 3}",big=${i * 7}u ${at(i * 60)}`);
  }
  for (const [index, exchange] of ['kraken', 'bitfinex', 'okx'].entries()) {
    for (const [p, pair] of ['btcusd', 'ethusd', 'xmrusd'].entries()) {
      for (let i = 0; i < 12; i++) {
        const price = (index + 1) * 100 * (p + 1) + ((i * 37 + p * 11 + index * 5) % 23) / 4;
        out.push(
          `price,exchange=${exchange},pair=${pair} price=${price},volume=${i + p} ${at(i * 50)}`,
        );
      }
    }
  }
  out.push(
    `mem,Zone=z1,host=a free=5i ${at(15)}`,
    `mem,host=b free=-9223372036854775807i ${at(15)}`,
  );
  out.push(`mem,host=b free=-5i ${at(75)}`);
  return out;
}

/** Line protocol, nanoseconds. */
export const dataset: string = lines().join('\n');

/** Every script's `now()`. */
export const nowText = '2024-01-01T00:20:00Z';

export const RANGE = 'range(start: 2024-01-01T00:00:00Z, stop: 2024-01-01T00:10:00Z)';
export const data = `from(bucket: "t") |> ${RANGE}`;
export const cpu = `${data} |> filter(fn: (r) => r._measurement == "cpu")`;
export const usage = `${data} |> filter(fn: (r) => r._measurement == "cpu" and r._field == "usage")`;
export const idle = `${data} |> filter(fn: (r) => r._measurement == "cpu" and r._field == "idle")`;
export const price = `${data} |> filter(fn: (r) => r._measurement == "price" and r._field == "price")`;

/** A case by its name and script. */
export const one = (name: string, script: string): TableCase => ({ name, script });
