import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../core/paths.ts';
import { literal } from './literal.ts';
import { type FluxFile, loadFlux, readFlux } from './load.ts';

/** A script to begin with. */
export interface Example {
  readonly name: string;
  /** What it answers, in a sentence or two. */
  readonly about: string;
  readonly query: string;
}

/** Of flux/queries: what people ask as well, and what runs with the values that stand in it. */
const QUERIES = [
  'prices-range',
  'exchange-volumes',
  'exchanges-freshness',
  'pair-ranks-latest',
  'price-gaps',
  'alert-marks',
  'article-feeds',
  'scan-reasons',
];

const folder = join(projectRoot, 'flux', 'examples');

/** The scripts of flux/examples, then some of flux/queries, on this bucket. */
export function listExamples(bucket: string): readonly Example[] {
  const own = readdirSync(folder)
    .filter((file) => file.endsWith('.flux'))
    .sort()
    .map((file) => loadExample(file.slice(0, -'.flux'.length)));
  return [...own, ...QUERIES.map(loadFlux)].map((file) => exampleOf(file, bucket));
}

/** The script that names the buckets, one row each, in the column `name`. */
export function bucketNames(): string {
  return loadExample('buckets').text;
}

function loadExample(name: string): FluxFile {
  return readFlux(name, readFileSync(join(folder, `${name}.flux`), 'utf8'));
}

function exampleOf(file: FluxFile, bucket: string): Example {
  const bytes = Buffer.from(file.text);
  const place = file.parameters.find(({ name }) => name === 'bucket');
  const query =
    place === undefined
      ? file.text
      : bytes.toString('utf8', 0, place.from) +
        literal('bucket', place.type, bucket) +
        bytes.toString('utf8', place.to);
  return { name: file.name, about: aboutOf(file.text), query };
}

/** The comment at its head, as one line. */
function aboutOf(text: string): string {
  const head = /^(?:\/\/.*\n)*/.exec(text)?.[0] ?? '';
  return head
    .replace(/^\/\/ ?/gm, '')
    .trim()
    .replaceAll('\n', ' ');
}
