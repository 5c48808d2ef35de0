import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../../../core/clock.ts';
import { Alarms } from '../../../ingest/scans/alarms.ts';
import { createMatcher } from '../../../ingest/scans/matcher.ts';
import { ScanFailure } from '../../../ingest/scans/outcome.ts';
import { compilePattern, PATTERN_LENGTH_MAX } from '../../../ingest/scans/pattern.ts';
import { Stop, Stopped } from '../../../ingest/scans/stop.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { eventually } from '../../helpers/eventually.ts';
import { findIn, patternOf } from './site.ts';

function refusal(source: string, flags = '') {
  const compiled = compilePattern(source, flags);
  assert.equal(compiled.ok, false, `${source} was accepted`);
  return compiled.ok ? { message: '' } : compiled.refusal;
}

describe('a pattern', () => {
  const refused: readonly (readonly [string, number | undefined, RegExp])[] = [
    ['price(?=\\d)', 5, /look-around/],
    ['a(?!b)', 1, /look-around/],
    ['x(?<=a)', 1, /look-around/],
    ['xy(?<!a)', 2, /look-around/],
    ['(a)b\\1', 4, /back-reference/],
    ['(?P<n>a)\\k<n>', 8, /back-reference/],
    ['(?>a)', 0, /atomic/],
    ['xa{1001}', 2, /repeat count: \{1001\}/],
    ['((a{100}){100}){100}', 3, /repeat count/],
    ['ab**', 2, /repetition/],
    ['*a', 0, /repetition operator: \*/],
    ['a(b', 1, /missing closing \)/],
    ['a)b', 1, /unexpected \)/],
    ['ab[c', 2, /missing closing \]/],
    ['abc\\', 3, /backslash/],
    ['[z-a]', 1, /range: z-a/],
    ['\\p{Foo}', 0, /\\p\{Foo\}/],
    ['[(?=]\\)(?=x)', 7, /look-around/],
    ['\\Q(?=\\E(?!x)', 7, /look-around/],
    ['(?P<n>a)(?P<n>b)', undefined, /duplicate/],
    ['(?P<1x>a)', 4, /named/],
    ['x'.repeat(PATTERN_LENGTH_MAX + 1), PATTERN_LENGTH_MAX, /longer/],
    ['x'.repeat(3_000), undefined, /too large: \d+ instructions/],
    ['(a{1,1000}b{1,1000})', undefined, /too large/],
    ['('.repeat(2_000) + ')'.repeat(2_000), undefined, /nest|large|deep/i],
  ];
  for (const [source, at, message] of refused) {
    it(`is refused: ${source.slice(0, 30)}`, () => {
      const told = refusal(source);
      assert.match(told.message, message);
      if (at !== undefined) assert.equal(told.at, at);
    });
  }

  it('has the flags i, m and s, each once', () => {
    assert.equal(findIn('ABC', 'xabc', 'i')?.at, 1);
    assert.equal(findIn('^b$', 'a\nb\nc', 'm')?.at, 2);
    assert.equal(findIn('a.b', 'a\nb', 's')?.text, 'a\nb');
    assert.equal(findIn('a.b', 'a\nb'), undefined);
    for (const flags of ['g', 'ii', 'x', 'I']) assert.match(refusal('a', flags).message, /flags/);
  });

  it('matches empty, anchors, classes of letters, and characters beyond the first plane', () => {
    assert.equal(findIn('', 'anything')?.at, 0);
    assert.equal(findIn('\\p{L}+', '42 \u043f\u0440\u0438\u0432\u0435\u0442')?.at, 3);
    assert.equal(findIn('^.$', '\u{1f600}')?.text, '\u{1f600}');
    assert.equal(findIn('\\bword\\b', 'a word.')?.at, 2);
    assert.equal(findIn('\\Aa\\z', 'a')?.at, 0);
  });

  it('tells its named groups, in both ways to write them', () => {
    const pattern = patternOf('(?P<price>[\\d.]+) of (?<count>\\d+)|(?P<none>x)');
    assert.deepEqual(pattern.names, ['price', 'count', 'none']);
    const match = pattern.find('now 42.5 of 7');
    assert.deepEqual(match?.groups, { price: '42.5', count: '7' });
    assert.deepEqual([match?.at, match?.text], [4, '42.5 of 7']);
  });

  it('says what the default engine says, for patterns that both have', () => {
    const patterns = [
      'a+b',
      '(?:ab|cd)+',
      '^x.*y$',
      '[^a-c]{2,3}',
      '\\d+(?:\\.\\d+)?',
      'a*?b',
      'z|',
    ];
    const texts = ['', 'aab', 'abcdab', 'xqy', 'dd42.75e', '\n', 'zz', 'cabab', 'x\ny', '3.'];
    for (const source of patterns) {
      for (const text of texts) {
        const theirs = new RegExp(source).exec(text);
        const ours = findIn(source, text);
        assert.deepEqual([ours?.at, ours?.text], [theirs?.index, theirs?.[0]], `${source} ${text}`);
      }
    }
  });

  it('takes time in proportion to the text, whatever it is', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['(a+)+$', `${'a'.repeat(30_000)}b`],
      ['(a|aa)+$', `${'a'.repeat(30_000)}b`],
      ['(.*)*x', 'y'.repeat(30_000)],
      ['\\s+$', `${' '.repeat(100_000)}x`],
      ['(.*)=(.*)', 'x'.repeat(100_000)],
      ['(x+x+)+y', 'x'.repeat(30_000)],
    ];
    const before = process.cpuUsage();
    for (const [source, text] of cases) assert.equal(findIn(source, text), undefined);
    const { user } = process.cpuUsage(before);
    assert.ok(user < 3_000_000, `${user / 1000} ms`);
  });

  it('keeps little of what it has seen', () => {
    // Each text leads the lazy automaton into other states: it may grow to megabytes.
    const pattern = patternOf('(a|b)*a(a|b){14}[cd]');
    let seed = 1;
    const letter = () => {
      seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
      return seed & 0x10000 ? 'a' : 'b';
    };
    const text = Array.from({ length: 20_000 }, letter).join('');
    assert.equal(pattern.find(text), undefined);
    assert.equal(pattern.find(`${text}c`)?.text.length, 200);
  });
});

describe('the matcher', () => {
  const stopOf = (clock = systemClock, timeoutMs = 60_000) => {
    const alarms = new Alarms(clock);
    const stop = new Stop({ alarms, timeoutMs, signal: undefined });
    const end = (): void => {
      stop.release();
      alarms.close();
    };
    return { stop, end };
  };

  it('matches small texts at once and large ones in a thread, with one answer', async () => {
    const matcher = createMatcher({ clock: systemClock });
    const { stop, end } = stopOf();
    const pattern = patternOf('price (?P<price>\\d+)');
    const small = matcher.find(pattern, 'price 42', stop);
    assert.ok(!(small instanceof Promise));
    const text = `${'x '.repeat(100_000)}price 43`;
    const large = matcher.find(pattern, text, stop);
    assert.ok(large instanceof Promise);
    assert.deepEqual((await large).match?.groups, { price: '43' });
    assert.equal((await large).cut, false);
    end();
    await matcher.close();
  });

  it('looks at the beginning of a text that is too long for a large pattern, and says so', async () => {
    const matcher = createMatcher({ clock: systemClock, costMax: 1_000_000 });
    const { stop, end } = stopOf();
    const found = await matcher.find(patternOf('[a-z]{500}[0-9]{400}!'), 'x'.repeat(10_000), stop);
    assert.deepEqual(found, { match: undefined, cut: true });
    end();
    await matcher.close();
  });

  it('gives a text up after its time, and serves the next one', async () => {
    const clock = new ManualClock();
    const matcher = createMatcher({ clock, costMax: 1e12, matchMsMax: 1_000 });
    const { stop, end } = stopOf();
    const slow = patternOf('(?P<g>(?:[ab]?){400}[ab]{400})[cd]');
    const text = Array.from({ length: 3_000_000 }, (_, at) => (at % 3 ? 'a' : 'b')).join('');
    const first = assert.rejects(
      Promise.resolve(matcher.find(slow, text, stop)),
      (error) => error instanceof ScanFailure && error.reason === 'timeout-match',
    );
    await clock.advance(1_000);
    await first;
    const next = await matcher.find(patternOf('b(?P<n>\\d)'), `${'a'.repeat(300_000)}b7`, stop);
    assert.deepEqual(next.match?.groups, { n: '7' });
    end();
    await matcher.close();
  });

  it('ends with the scan that waits for it, and with its owner', async () => {
    const clock = new ManualClock();
    const matcher = createMatcher({ clock: systemClock, inlineCostMax: 0 });
    const { stop, end } = stopOf(clock, 1_000);
    const waiting = assert.rejects(
      Promise.resolve(
        matcher.find(patternOf('(?P<g>[ab]{1,900})[c-d]$'), 'ab'.repeat(5_000), stop),
      ),
      (error) => error instanceof Stopped,
    );
    await clock.advance(1_020);
    await waiting;
    end();
    const second = stopOf();
    const last = assert.rejects(
      Promise.resolve(matcher.find(patternOf('a'), 'a', second.stop)),
      (error) => error instanceof ScanFailure && error.reason === 'cancelled',
    );
    await matcher.close();
    await last;
    second.end();
  });

  it('survives a thread that ends', async () => {
    const program = new URL('data:text/javascript,process.exit(1)');
    const matcher = createMatcher({ clock: systemClock, inlineCostMax: 0, program });
    const { stop, end } = stopOf();
    for (let time = 0; time < 2; time += 1) {
      await assert.rejects(
        Promise.resolve(matcher.find(patternOf('a'), 'a', stop)),
        (error) => error instanceof ScanFailure && error.reason === 'timeout-match',
      );
    }
    end();
    await eventually(() => matcher.close());
  });
});
