import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readConfig } from '../../core/config.ts';

describe('settings of serving', () => {
  it('are lists, rates and lengths of time', () => {
    const { apiRate, corsOrigins, trustProxy, auditKeptMs } = readConfig({
      API_RATE: '0.5',
      CORS_ORIGINS: 'https://app.example.com, http://localhost:3000',
      TRUST_PROXY: '10.0.0.0/8,::1',
      AUDIT_RETENTION: '0',
    });
    assert.deepEqual(
      { apiRate, corsOrigins, trustProxy, auditKeptMs },
      {
        ...{ apiRate: 0.5, auditKeptMs: 0, trustProxy: ['10.0.0.0/8', '::1'] },
        corsOrigins: ['https://app.example.com', 'http://localhost:3000'],
      },
    );
  });

  it('have defaults that let in nobody else', () => {
    const { apiRate, corsOrigins, trustProxy, auditKeptMs } = readConfig({});
    assert.deepEqual([apiRate, corsOrigins, trustProxy], [50, [], []]);
    assert.equal(auditKeptMs, 90 * 86_400_000);
  });

  for (const [name, value] of [
    ['CORS_ORIGINS', 'https://app.example.com/'],
    ['CORS_ORIGINS', 'https://app.example.com:443'],
    ['CORS_ORIGINS', 'app.example.com'],
    ['CORS_ORIGINS', 'null'],
    ['CORS_ORIGINS', '*,https://app.example.com'],
    ['TRUST_PROXY', '10.0.0.0/33'],
    ['TRUST_PROXY', 'proxy.local'],
    ['TRUST_PROXY', '10.0.0.1,'],
    ['API_RATE', '-1'],
    ['API_RATE', '1e3'],
    ['API_RATE', '100001'],
    ['AUDIT_RETENTION', '1h'],
  ] as const) {
    it(`${name}=${value} is refused`, () => {
      assert.throws(() => readConfig({ [name]: value }), new RegExp(`${name}: expected`));
    });
  }
});
