import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Dependencies } from '../../api/app.ts';
import { readAssets } from '../../api/assets.ts';
import { indexAnswer, readyAnswer } from '../../api/schemas.ts';
import { startApi, type TestApi } from '../helpers/api.ts';

async function withApi(parts: Partial<Dependencies>, use: (api: TestApi) => Promise<void>) {
  const api = await startApi(parts);
  try {
    await use(api);
  } finally {
    await api.close();
  }
}

const ready = async (url: string) => {
  const answer = await fetch(`${url}/readyz`);
  return { status: answer.status, ...{ body: readyAnswer.strict().parse(await answer.json()) } };
};

describe('readiness', () => {
  it('is green when every probe is', async () => {
    const probes = [{ name: 'influx', check: async () => ({ ok: true }) as const }];
    await withApi({ probes }, async ({ url }) => {
      const { status, body } = await ready(url);
      assert.equal(status, 200);
      assert.deepEqual(body, { status: 'ready', checks: [{ name: 'influx', ok: true }] });
    });
  });

  it('is red when one is, and says what is wrong and how to fix it', async () => {
    const probes = [
      { name: 'registry', check: async () => ({ ok: true }) as const },
      {
        name: 'writer',
        check: async () => ({ ok: false, reason: 'disk is full', fix: 'make room' }) as const,
      },
      { name: 'influx', check: () => Promise.reject(new Error('connection refused')) },
    ];
    await withApi({ probes }, async ({ url }) => {
      const { status, body } = await ready(url);
      assert.equal(status, 503);
      assert.deepEqual(body, {
        status: 'not-ready',
        checks: [
          { name: 'registry', ok: true },
          { name: 'writer', ok: false, reason: 'disk is full', fix: 'make room' },
          { name: 'influx', ok: false, reason: 'connection refused' },
        ],
      });
    });
  });

  it('does not wait for a probe that hangs', async () => {
    let cancelled = false;
    const probes = [
      {
        name: 'influx',
        check: (signal: AbortSignal) =>
          new Promise<{ ok: true }>(() => {
            signal.addEventListener('abort', () => {
              cancelled = true;
            });
          }),
      },
    ];
    const clock = { nowMs: () => 0, monotonicMs: () => 0, sleep: async () => {} };
    await withApi({ probes, clock }, async ({ url }) => {
      const { status, body } = await ready(url);
      assert.equal(status, 503);
      assert.match(body.checks[0]?.reason ?? '', /no answer within 2000 ms/);
      assert.ok(cancelled);
    });
  });
});

it('health answers whatever the probes say', async () => {
  const probes = [{ name: 'influx', check: () => Promise.reject(new Error('away')) }];
  await withApi({ probes }, async ({ url }) => {
    const answer = await fetch(`${url}/healthz`);
    assert.equal(answer.status, 200);
    assert.deepEqual(await answer.json(), { status: 'ok' });
  });
});

it('metrics count requests by route, never by path', async () => {
  await withApi({}, async ({ url }) => {
    for (const path of ['/btcusd', '/ethbtc', '/unknown1', '/no/such/thing', '/healthz']) {
      await (await fetch(`${url}${path}`)).text();
    }
    const answer = await fetch(`${url}/metrics`);
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    const text = await answer.text();
    const count = (route: string, status: number) =>
      new RegExp(`_count\\{route="${route}",method="GET",status="${status}"\\} (\\d+)`).exec(
        text,
      )?.[1];
    assert.equal(count('prices', 200), '2');
    assert.equal(count('prices', 404), '1');
    assert.equal(count('none', 404), '1');
    assert.equal(count('health', 200), '1');
    assert.ok(!text.includes('unknown1'));
    assert.match(text, /^tidemark_http_requests_running 1$/m);
  });
});

it('the index leads everywhere', async () => {
  await withApi({ assets: await readAssets() }, async ({ url }) => {
    for (const path of ['/', '/api/v1', '/api/v1/']) {
      const answer = await fetch(`${url}${path}`);
      const { name, links } = indexAnswer.parse(await answer.json());
      assert.equal(name, 'tidemark');
      for (const link of Object.values(links)) {
        if (link.includes('{')) continue;
        assert.equal((await fetch(url + link)).status, 200, link);
      }
    }
  });
});

it('a process of another role serves health, readiness and metrics alone', async () => {
  await withApi({ serves: 'health' }, async ({ url }) => {
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      assert.equal((await fetch(url + path)).status, 200, path);
    }
    for (const path of ['/btcusd', '/api/v1/pairs', '/']) {
      assert.equal((await fetch(url + path)).status, 404, path);
    }
  });
});
