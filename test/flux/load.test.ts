import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isCode } from '../../core/errors.ts';
import { diagnose, formatProblem, parse } from '../../core/flux-syntax.ts';
import { bind, fluxNames, loadFlux, loadTask, readFlux } from '../../flux/load.ts';
import { createPriceQueries } from '../../flux/price-queries.ts';

const script = `import "strings"

option task = {name: "x", every: 1m}

// ß before, to tell bytes from letters
naïve = "ß" // a comment "with" quotes
start = -1h
stop = 2022-01-01T00:00:00Z
every = 5m
count = -3
limit = 0.5
all = true
names = ["a", "b"]

other = strings.toUpper(v: naïve)
late = 1
`;
const values = {
  naïve: 'x" + "',
  start: '2021-01-01T00:00:00Z',
  stop: '-5m',
  every: '1m',
  count: 7n,
  limit: 2,
  all: false,
  names: ['\\'],
};

describe('parameters of a Flux file', () => {
  const file = readFlux('x', script);

  it('are the literals at its top, with their types', () => {
    assert.deepEqual(
      file.parameters.map(({ name, type }) => `${name}: ${type}`),
      [
        'naïve: string',
        'start: instant',
        'stop: instant',
        'every: duration',
        'count: int',
        'limit: float',
        'all: bool',
        'names: strings',
      ],
    );
  });

  it('are replaced in place; every other letter stays', () => {
    const wanted = script
      .replace('"ß"', '"x\\" + \\""')
      .replace('-1h', '2021-01-01T00:00:00Z')
      .replace('2022-01-01T00:00:00Z', '-5m')
      .replace('5m\ncount', '1m\ncount')
      .replace('-3', '7')
      .replace('0.5', '2.0')
      .replace('= true', '= false')
      .replace('["a", "b"]', '["\\\\"]');
    assert.equal(bind(file, values), wanted);
  });

  it('keep their places when the bound script is bound again', () => {
    const again = readFlux('x', bind(file, values));
    assert.equal(bind(again, values), bind(file, values));
  });

  it('must all be given, and no other', () => {
    const { start: _, ...missing } = values;
    for (const wrong of [missing, { ...values, zzz: 1 }, { ...values, late: 2 }]) {
      assert.throws(
        () => bind(file, wrong),
        (error: unknown) => isCode(error, 'internal'),
      );
    }
    assert.throws(
      () => bind(file, Object.create(values)),
      (error: unknown) => isCode(error, 'internal'),
    );
  });

  it("of a task's option are replaced where they are given", () => {
    const bound = bind(file, values, { name: 'y"', every: '5m' });
    assert.match(bound, /^option task = \{name: "y\\"", every: 5m\}$/m);
    assert.equal(bind(file, values, {}), bind(file, values));
    for (const wrong of [{ offset: '1s' }, { every: 5 }]) {
      assert.throws(() => bind(file, values, wrong));
    }
  });

  it('must be of the type that the file has', () => {
    assert.throws(
      () => bind(file, { ...values, every: '2022-01-01T00:00:00Z' }),
      (error: unknown) => isCode(error, 'invalid') && /^every: expected/.test(error.message),
    );
  });

  it('never let a value into the script', () => {
    const hostile = [
      '"',
      '\\',
      '\\"',
      '$"',
      '$\\',
      '$${x}',
      '${',
      '${die(msg: "x")}',
      '")\n|> drop()',
      '\n',
      '*/',
      '//',
    ];
    for (const text of hostile) {
      const { body } = parse(bind(file, { ...values, naïve: text }));
      assert.equal(body.length, 11);
      const [, first] = body;
      assert.ok(first?.type === 'VariableAssignment' && first.init.type === 'StringLiteral');
      assert.equal(first.init.value, text);
    }
  });
});

describe('files of flux/', () => {
  it('are found by name, or said to be absent', () => {
    assert.equal(loadFlux('prices-range').name, 'prices-range');
    for (const name of ['nope', '../tasks/rank', '__proto__']) {
      assert.throws(
        () => loadFlux(name),
        (error: unknown) => isCode(error, 'not-found'),
      );
    }
  });

  const all = [...fluxNames('queries').map(loadFlux), ...fluxNames('tasks').map(loadTask)];
  for (const file of all) {
    it(`${file.name} has a bucket, a comment, and no mistake`, async () => {
      assert.ok(file.parameters.some(({ name }) => name === 'bucket'));
      assert.match(file.text, /^\/\/ .{40}/);
      assert.deepEqual((await diagnose(file.text)).map(formatProblem), []);
    });
  }

  it('are bound by the questions about prices', async () => {
    const queries = createPriceQueries({ bucket: 'b' });
    const pair = 'btcusd';
    const scripts = [
      queries.prices({ pair, exchange: undefined, start: '1d12h' }),
      queries.prices({ pair, exchange: 'kraken', start: '24h' }),
      queries.rank({ pair, exchange: undefined }),
      queries.rank({ pair, exchange: 'kraken' }),
      queries.pairRanks(),
      queries.marketPrices({ start: '2022-01-01T00:00:00Z', stop: '2022-01-01T00:05:00Z' }),
      queries.rankRuns({
        ...{ pair, window: '1h', every: '10m' },
        ...{ start: '2022-01-01T00:00:00Z', stop: '2022-01-02T00:00:00Z' },
      }),
    ];
    for (const text of scripts) assert.deepEqual((await diagnose(text)).map(formatProblem), []);
    assert.match(scripts[0]!, /start = -1d12h/);
    assert.match(scripts[1]!, /exchange = "kraken"/);
  });
});
