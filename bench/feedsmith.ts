/**
 * feedsmith alone over the bodies of `count` feeds, from item `first` on: items a second of time, and
 * of CPU, as JSON. A process of its own, so that what it leaves on the heap is nobody else's.
 * Usage: node dist/bench/feedsmith.js COUNT FIRST
 */
import { parseFeed } from 'feedsmith';
import { ITEMS, rssBody } from './feed-bodies.ts';

const [count = 0, first = 0] = process.argv.slice(2).map(Number);
const bodies = Array.from({ length: count }, (_, n) => rssBody(n, { first }).toString());
const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
const before = { ms: performance.now(), cpu: cpuSeconds() };
for (const body of bodies) parseFeed(body);
const seconds = (performance.now() - before.ms) / 1_000;
const items = count * ITEMS;
console.log(JSON.stringify({ wall: items / seconds, cpu: items / (cpuSeconds() - before.cpu) }));
