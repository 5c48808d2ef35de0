import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { projectRoot } from '../../core/paths.ts';
import { startApi } from '../helpers/api.ts';
import { FakeEvents, hubOver, readStream } from '../helpers/events.ts';
import { eventually } from '../helpers/eventually.ts';

it('docs/api.md shows the stream of events as it is', async () => {
  const text = readFileSync(join(projectRoot, 'docs', 'api.md'), 'utf8');
  const example = /curl -N 'http:\/\/127\.0\.0\.1:8001([^']+)'\n```\n\n```text\n([\s\S]*?)```/;
  const [, path = '', shown = ''] = example.exec(text) ?? [];
  const events = new FakeEvents();
  for (let n = 0; n < 42; n += 1) events.tell('price');
  const about = { article: 1, feed: 1, title: 'A Bitcoin ETF at last', rules: [1] };
  events.tell('article', { event: 'matched', ...about });
  const hub = hubOver(events);
  const api = await startApi({ hub });
  const reader = await readStream(`${api.url}${path}`);
  await eventually(() => assert.equal(reader.text, shown));
  await hub.close();
  await api.close();
});
