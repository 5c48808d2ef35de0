import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { projectRoot } from '../../core/paths.ts';
import { newSigningSecret } from '../../registry/channel-address.ts';
import { signaturesOf } from '../../tasks/notify/webhook.ts';

const text = readFileSync(join(projectRoot, 'docs', 'alerts.md'), 'utf8');

type Check = (headers: Record<string, string>, body: string, secret: string) => boolean;

describe('docs/alerts.md', () => {
  it('has a function for receivers that takes what we sign, and nothing else', async () => {
    const [, code = ''] = /```js\n([\s\S]*?)```/.exec(text) ?? [];
    const module: { readonly isFromTidemark: Check } = await import(
      `data:text/javascript,${encodeURIComponent(code)}`
    );
    const [before, secret] = [newSigningSecret(), newSigningSecret()];
    const signed = (message: string, timestamp: number) => ({
      'webhook-id': message,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signaturesOf({
        ...{ message, timestamp, body: '{"a":"ü"}', secrets: [before, secret] },
      }),
    });
    const nowS = Math.floor(Date.now() / 1_000);
    const headers = signed('msg_1', nowS);
    const { isFromTidemark } = module;
    assert.ok(isFromTidemark(headers, '{"a":"ü"}', secret));
    assert.ok(isFromTidemark(headers, '{"a":"ü"}', before));
    assert.ok(!isFromTidemark(headers, '{"a":"u"}', secret));
    assert.ok(!isFromTidemark(headers, '{"a":"ü"}', newSigningSecret()));
    assert.ok(!isFromTidemark({ ...headers, 'webhook-id': 'msg_2' }, '{"a":"ü"}', secret));
    assert.ok(!isFromTidemark(signed('msg_1', nowS - 400), '{"a":"ü"}', secret));
  });
});
