import assert from 'node:assert/strict';
import { it } from 'node:test';
import { momentPattern, readMoment, untilPattern } from '../../api/http/moment.ts';
import {
  durationPattern,
  fixedMs,
  parseDuration,
  secondsPattern,
  wholeSecondsMs,
} from '../../core/duration.ts';
import { ifValid } from '../../core/errors.ts';
import { openApiDocument } from '../../scripts/client.ts';

const NOW_MS = Date.parse('2022-10-11T04:00:00Z');

const LENGTHS = ['1s', '90s', '5m', '1h', '1d12h', '2w', '007m', '0s', '999999999s'];
const FLUX = ['-24h', '1500ms', '1mo', '1y6mo', '1us', '1µs', '1ns', '1234567890123s'];
const TIMES = [
  ...['2022-10-11T03:35:02Z', '2022-10-11T03:35Z', '2022-10-11T03:35:02.358Z'],
  ...['2022-10-11T03:35:02.123456789Z', '2022-10-11T05:35:02+02:00', '2022-12-31T23:59:59-09:30'],
];
const NONE = [
  ...['', '-', 's', '1', '1.5h', '+1h', '--1h', '1 h', '1h\n', '1H', '1hour', '١h', 'now', '0x1s'],
  ...['2022-10-11', '2022-13-01T00:00:00Z', '2022-10-32T00:00:00Z', '2022-10-11T24:00:00Z'],
  ...['2022-10-11T03:60:00Z', '2022-10-11T03:35:02', '2022-10-11 03:35:02Z', '1665459302'],
  ...['2022-10-11T03:35:02.1234567890Z', '2022-10-11T03:35:02+24:00', '12022-10-11T03:35:02Z'],
];

/** Whether the pattern says of each text what the reader does. */
function agree(pattern: string, read: (text: string) => unknown, taken: readonly string[]): void {
  const expression = new RegExp(pattern, 'u');
  for (const text of [...LENGTHS, ...FLUX, ...TIMES, ...NONE]) {
    const wanted = taken.includes(text);
    assert.equal(expression.test(text), wanted, `${JSON.stringify(text)}: the pattern`);
    assert.equal(ifValid(() => read(text)) !== undefined, wanted, `${JSON.stringify(text)}: read`);
  }
}

it('documents durations as they are read', () => {
  agree(durationPattern, parseDuration, [...LENGTHS, ...FLUX]);
});

it('documents lengths of whole seconds as they are read', () => {
  agree(secondsPattern, wholeSecondsMs, LENGTHS);
  for (const text of LENGTHS) assert.equal(wholeSecondsMs(text), fixedMs(text));
});

it('documents times as they are read', () => {
  const back = (text: string) => readMoment('start', text, NOW_MS);
  agree(momentPattern, back, [...LENGTHS, ...FLUX, ...TIMES]);
  const until = (text: string) =>
    wholeSecondsMs(text) ?? (/^\d{4}-/.test(text) ? back(text) : undefined);
  agree(untilPattern, until, [...LENGTHS, ...TIMES]);
});

interface Part {
  readonly pattern?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
}

it('has patterns that every reader of JSON Schema knows, and that its own examples fit', () => {
  let count = 0;
  const look = (value: unknown, where: string): void => {
    if (typeof value !== 'object' || value === null) return;
    const { pattern, default: usual, examples = [] } = value as Part;
    if (typeof pattern === 'string') {
      count += 1;
      // Classes such as \d mean other things elsewhere: in Python every digit there is.
      assert.doesNotMatch(pattern, /\\[dwspDWSP]/, where);
      for (const text of [...examples, ...(usual === undefined ? [] : [usual])]) {
        assert.match(String(text), new RegExp(pattern, 'u'), where);
      }
    }
    for (const [name, part] of Object.entries(value)) look(part, `${where}.${name}`);
  };
  const { paths, components } = openApiDocument();
  look({ paths, components }, '');
  assert.ok(count >= 150, `${count} patterns`);
});

it('bounds every text of a query', () => {
  for (const [path, methods] of Object.entries(openApiDocument().paths)) {
    for (const { parameters } of Object.values(methods)) {
      for (const { name, schema } of parameters.filter((one) => one.in === 'query')) {
        const { type, pattern, enum: choices } = schema as Part & Record<string, unknown>;
        if (type !== 'string' || choices !== undefined) continue;
        assert.ok(pattern !== undefined, `${path}: ${name}`);
      }
    }
  }
});
