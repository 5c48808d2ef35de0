import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../core/paths.ts';

/**
 * Questions about tables that the embedded engine and InfluxDB must answer alike: the scripts of
 * test/fixtures/flux/tables.txt, which read the data below from bucket `t` and may write to `w`.
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

export const ANY_ORDER = ' (any column order)';

/** The cases in the order of the file: those that write stand before those that read it. */
export function readCases(): TableCase[] {
  const text = readFileSync(join(projectRoot, 'test', 'fixtures', 'flux', 'tables.txt'), 'utf8');
  const parts = new Map<string, string>();
  const [head = '', ...blocks] = text.replace(/^#.*\n/gm, '').split(/^--- /m);
  for (const [, name, value] of head.matchAll(/^\$(\w+) = (.*(?:\n .*)*)/gm)) {
    parts.set(name as string, value as string);
  }
  return blocks.map((block) => {
    const [title = '', ...script] = block.split('\n');
    return {
      name: title.replace(ANY_ORDER, ''),
      script: expand(script.join('\n').trim(), parts),
      anyColumnOrder: title.endsWith(ANY_ORDER),
    };
  });
}

/** `$name` stands for a part of a script, which may hold others. */
function expand(script: string, parts: ReadonlyMap<string, string>): string {
  return script.replace(/\$(\w+)/g, (_, name: string) => {
    const part = parts.get(name);
    if (part === undefined) throw new Error(`tables.txt names $${name} but does not define it`);
    return expand(part, parts);
  });
}
