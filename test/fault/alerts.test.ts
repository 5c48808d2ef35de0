/**
 * Every alert once: evaluators, dispatchers and the store itself are killed with SIGKILL at random
 * moments while windows are evaluated, some of them by the store's tasks and the others, which
 * those have missed, by the evaluators. The random seed is printed; SEED=n gives the same choices.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../core/clock.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { silentLog } from '../../core/log.ts';
import { chance, hashOf } from '../../demo/noise.ts';
import { bind, loadTask } from '../../flux/load.ts';
import type { Database } from '../../registry/database.ts';
import { openRegistry } from '../../registry/open.ts';
import { alertTasks } from '../../tasks/alert-tasks.ts';
import { eventually } from '../helpers/eventually.ts';
import { influxdPath } from '../helpers/influxd.ts';
import { Receiver } from '../helpers/receiver.ts';
import { startPostgres, whyNoPostgres } from '../helpers/registry.ts';
import type { AlertChildOptions } from './alert-child.ts';
import { type Store, startEmbeddedStore, startInfluxdStore } from './alert-store.ts';
import { EVERY_MS, jumpRule, subscribe, toldBy, type Windows, windowsOf } from './alert-windows.ts';
import { type Child, startChild } from './child.ts';

const LEASE_MS = 3_000;
const WAIT_MS = 180_000;
/** Of a process that has its registry to itself, until all is sent; and signs of work of each. */
const LIVES_MAX = 5;
const SIGNS = 10;
/** A step that is missed is waited for for a minute, and so is a store that was away: a second. */
const SPEED = 60;
const seed = process.env.SEED ?? `${Date.now()}`;
const random = (what: string) => chance(hashOf(`${seed} ${what}`));

interface Cast {
  readonly startStore: () => Promise<Store>;
  /** PostgreSQL; false: PGlite, which one process has to itself. */
  readonly server: boolean;
  readonly roles: readonly AlertChildOptions['role'][];
  readonly windows: number;
  readonly kills: number;
}

/** What is killed and what is told in one run. */
class Stage {
  readonly windows: Windows;
  readonly kills: Record<string, number> = {};
  readonly #cast: Cast;
  readonly #children = new Map<string, Child>();
  readonly #closes: (() => Promise<unknown>)[] = [];
  #databaseUrl: string | undefined;
  #dir = '';
  #store!: Store;
  #receiver!: Receiver;
  /** When the store is there again. */
  #back: Promise<void> = Promise.resolve();
  #pace = { fromMs: 0, speed: SPEED };
  #signs = 0;
  /** What the first `#read` messages have told. */
  readonly #told = new Map<string, Set<string>>();
  #read = 0;
  #heard: (() => void) | undefined;

  constructor(cast: Cast) {
    this.#cast = cast;
    this.windows = windowsOf(cast.windows, seed);
  }

  async open(): Promise<void> {
    this.#dir = await mkdtemp(join(tmpdir(), 'tidemark-windows-'));
    this.#closes.push(() => rm(this.#dir, { recursive: true, force: true }));
    if (this.#cast.server) {
      const postgres = await startPostgres();
      this.#closes.push(() => postgres.stop());
      this.#databaseUrl = await postgres.createDatabase();
    }
    this.#receiver = await Receiver.start();
    this.#closes.push(() => this.#receiver.close());
    // Some answers take a while, so that kills meet messages that are under way.
    this.#receiver.answer = (response) => {
      this.#sign();
      const { length } = this.#receiver.received;
      setTimeout(() => response.end('ok'), random(`answer ${length}`) * 60);
    };
    this.#store = await this.#cast.startStore();
    this.#closes.push(() => this.#store.remove());
    await this.influx(async (influx) => {
      const { before, lines } = this.windows;
      const { status } = await influx.write([before, ...lines].join('\n'), { gzip: false });
      assert.equal(status, 204);
    });
    await this.registry((registry) => subscribe(registry, this.#receiver.url));
    this.#pace = { fromMs: Date.now(), speed: SPEED };
    await Promise.all(this.#cast.roles.map((_, n) => this.#start(n)));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#children.values()].map((child) => child.end()));
    for (const close of this.#closes.reverse()) await close();
  }

  async registry<T>(use: (registry: Database) => Promise<T>): Promise<T> {
    const options = { databaseUrl: this.#databaseUrl, dataDir: this.#dir, log: silentLog };
    const registry = await openRegistry(options);
    return use(registry).finally(() => registry.close());
  }

  async influx<T>(use: (influx: Influx) => Promise<T>): Promise<T> {
    const influx = createInflux({ ...this.#store, timeoutMs: 20_000, clock: systemClock });
    return use(influx).finally(() => influx.close());
  }

  /** As the store does, of some steps: one that fails is not done again. */
  async runTasks(): Promise<number> {
    return this.influx(async (influx) => {
      const asked = { bucket: influx.bucket, alertRules: [jumpRule], alertEveryMs: EVERY_MS };
      const { file, values } = alertTasks(asked)[0]!;
      const flux = bind(loadTask(file), values);
      let ran = 0;
      for (const stepMs of this.windows.steps.slice(0, -1)) {
        if (random(`task ${stepMs - this.windows.steps[0]!}`) < 0.5) continue;
        const now = new Date(stepMs).toISOString();
        await influx.collect(flux, {}, { now }).then(
          () => {
            ran += 1;
          },
          () => this.#back,
        );
      }
      return ran;
    });
  }

  /** Kills one after the other, each after some work of all was seen, until nothing is left. */
  async killAll(): Promise<void> {
    for (let kill = 0; kill < this.#cast.kills; kill += 1) {
      for (let left = 1 + Math.floor(random(`${kill} work`) * 40); left > 0; left -= 1) {
        if (this.missing().length === 0) return;
        await this.#nextSign();
      }
      await delay(random(`${kill} moment`) * 30);
      const who = Math.floor(random(`${kill} who`) * (this.#cast.roles.length + 1));
      await (who === this.#cast.roles.length ? this.#killStore(kill) : this.#killChild(who));
    }
  }

  /** Alerts that nobody has heard of. */
  missing(): string[] {
    const told = new Set(this.told().keys());
    return [...this.windows.expected].filter((key) => !told.has(key));
  }

  /** Alerts with the keys of the messages that told them. */
  told(): Map<string, Set<string>> {
    const told = this.#told;
    const fresh = this.#receiver.received.slice(this.#read);
    this.#read += fresh.length;
    for (const { path, headers, body } of fresh) {
      const id = String(headers['webhook-id']);
      for (const { key } of toldBy(path, JSON.parse(body)))
        told.set(key, (told.get(key) ?? new Set()).add(id));
    }
    return told;
  }

  /** Bodies by the key of the message: more than one each would be another message. */
  messages(): { readonly bodies: Map<string, Set<string>>; readonly repeats: number } {
    const bodies = new Map<string, Set<string>>();
    for (const { headers, body } of this.#receiver.received) {
      const id = String(headers['webhook-id']);
      bodies.set(id, (bodies.get(id) ?? new Set()).add(body));
    }
    return { bodies, repeats: this.#receiver.received.length - bodies.size };
  }

  /** Ends all when no message is left: one that was sent and not said to be is sent again. */
  async rest(): Promise<void> {
    const open = "select 1 from deliveries where state in ('queued', 'failed', 'leased')";
    const left = () => this.registry((registry) => registry.query(open));
    if (this.#cast.server)
      await eventually(async () => assert.deepEqual(await left(), []), WAIT_MS);
    for (let life = 0; life < LIVES_MAX; life += 1) {
      for (const child of this.#children.values()) {
        assert.deepEqual(await child.end('SIGTERM'), { code: 0, signal: null });
      }
      if ((await left()).length === 0) return;
      await Promise.all(this.#cast.roles.map((_, n) => this.#start(n)));
      for (let sign = 0; sign < SIGNS; sign += 1) await this.#nextSign();
    }
    assert.fail('a message is left');
  }

  async #start(n: number): Promise<void> {
    const { url, token, org, bucket } = this.#store;
    const options: AlertChildOptions = {
      ...{ role: this.#cast.roles[n]!, databaseUrl: this.#databaseUrl, dataDir: this.#dir },
      ...{ store: { url, token, org, bucket }, everyMs: EVERY_MS, pace: this.#pace },
      ...{ place: this.#receiver.place, leaseMs: LEASE_MS },
    };
    const child = await startChild('alert-child', options, () => this.#sign());
    this.#children.set(`${n}`, child);
  }

  async #killChild(n: number): Promise<void> {
    await this.#children.get(`${n}`)!.end();
    this.#count(this.#cast.roles[n]!);
    await this.#start(n);
  }

  async #killStore(kill: number): Promise<void> {
    this.#back = this.#store
      .kill()
      .then(() => delay(random(`${kill} away`) * 500))
      .then(() => this.#store.start());
    await this.#back;
    this.#count('store');
  }

  #count(who: string): void {
    this.kills[who] = (this.kills[who] ?? 0) + 1;
  }

  #sign(): void {
    this.#signs += 1;
    this.#heard?.();
  }

  /** The next sign of work; a while without any is one, too. */
  async #nextSign(): Promise<void> {
    const heard = new Promise<void>((resolve) => {
      this.#heard = resolve;
    });
    const over = new AbortController();
    const late = delay(1_000, undefined, { signal: over.signal }).catch(() => undefined);
    await Promise.race([heard, late]);
    over.abort();
  }

  get signs(): number {
    return this.#signs;
  }
}

async function eachOnce(stage: Stage): Promise<void> {
  const { windows } = stage;
  const told = stage.told();
  assert.deepEqual([...told.keys()].sort(), [...windows.expected].sort());
  const twice = [...told].filter(([, ids]) => ids.size !== 1);
  assert.deepEqual(twice, [], 'told by more than one message');
  const { bodies } = stage.messages();
  const changed = [...bodies].filter(([, texts]) => texts.size !== 1);
  assert.deepEqual(changed, [], 'repeated as another message');
  await stage.registry(async (registry) => {
    const found = async (query: string) => (await registry.query(query))[0]!;
    assert.deepEqual(
      await found(`select count(*) as events, count(*) filter (where d.state = 'delivered') as told
        from alert_events e left join deliveries d on d.id = e.delivery`),
      { events: windows.expected.size, told: windows.expected.size },
    );
    assert.deepEqual(
      await found(
        "select count(*) as n, count(*) filter (where state = 'delivered') as told from deliveries",
      ),
      { n: bodies.size, told: bodies.size },
    );
    const { n } = await found(`select count(*) as n from alert_steps where spread
      and step_ms between ${windows.steps[0]} and ${windows.steps.at(-1)}`);
    assert.equal(n, windows.steps.length);
  });
}

const casts: Readonly<Record<string, Cast & { readonly skip?: string | undefined }>> = {
  'two evaluators and a dispatcher on InfluxDB and PostgreSQL': {
    skip: influxdPath() === undefined ? 'no influxd: run `make influxd` first' : whyNoPostgres(),
    ...{ startStore: startInfluxdStore, server: true, windows: 200, kills: 25 },
    roles: ['evaluator', 'evaluator', 'dispatcher'],
  },
  'one process on the embedded engine and PGlite': {
    ...{ startStore: startEmbeddedStore, server: false, windows: 20, kills: 4 },
    roles: ['both'],
  },
};

for (const [name, { skip, ...cast }] of Object.entries(casts)) {
  describe(`${cast.windows} windows, killed at random moments, seed ${seed}: ${name}`, {
    skip: skip ?? false,
  }, () => {
    it('tell every alert by one message, which comes again under the same key alone', async (t) => {
      const stage = new Stage(cast);
      try {
        await stage.open();
        const [ran] = await Promise.all([stage.runTasks(), stage.killAll()]);
        await eventually(() => assert.deepEqual(stage.missing(), []), WAIT_MS);
        await stage.rest();
        await eachOnce(stage);
        const { bodies, repeats } = stage.messages();
        t.diagnostic(
          `${stage.windows.expected.size} alerts in ${bodies.size} messages, ${repeats} repeats; ` +
            `${ran} steps by tasks; killed ${JSON.stringify(stage.kills)}; ${stage.signs} signs`,
        );
      } finally {
        await stage.close();
      }
    });
  });
}
