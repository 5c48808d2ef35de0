import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { redacted } from '../../../tasks/notify/redact.ts';
import { SECRET, secretOf } from './sending.ts';

describe('what is kept of answers and reasons', () => {
  const path = '/services/T0123456789/B0123456789/a%2Bsecret-token';
  const url = `https://hooks.example${path}?key=query%20secret%201`;
  const secret = secretOf({ kind: 'webhook', url });

  it('has none of the parts of an address, nor what messages are signed with', () => {
    const said = [
      `POST ${path}?key=query%20secret%201 failed`,
      'token a+secret-token, key query secret 1, team T0123456789',
      `signed with ${SECRET} or ${SECRET.slice('whsec_'.length)}`,
      'authorization: Bearer abc.def-ghi',
      'leave-key-of-this',
    ];
    const kept = redacted(said.join('\n'), secret);
    for (const part of ['secret', 'T0123456789', SECRET.slice(6), 'abc.def', 'leave-key']) {
      assert.ok(!kept.includes(part), `${part} in ${kept}`);
    }
    assert.match(kept, /^POST \*\*\* failed token \*\*\*, key \*\*\*/);
  });

  it('has no key of PagerDuty', () => {
    const key = '0123456789abcdef0123';
    const of = secretOf({ kind: 'pagerduty', key, region: 'us' });
    assert.equal(redacted(`bad key ${key}`, of), 'bad key ***');
  });

  it('is one line of a thousand characters, and a secret at its end is not half shown', () => {
    const kept = redacted(`${'x'.repeat(990)} a%2Bsecret-token`, secret);
    assert.ok(kept.length <= 1_000 && kept.endsWith('***'), kept.slice(-30));
    assert.equal(redacted('a\r\nb\u0000c\u202ed\t e', secret), 'a b c d e');
    assert.equal([...redacted('🚀'.repeat(3_000), secret)].length, 1_000);
  });
});
