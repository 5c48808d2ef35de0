/** What a scan of right now found out. */
import type { Certificate, ScanTrace } from '../../client/types.ts';
import { h } from '../dom.ts';
import { bytes, moment, span } from '../format.ts';
import { badge } from '../parts/figure.ts';
import { facts, showDialog } from '../parts/show.ts';
import { table } from '../parts/table.ts';
import { toneOf } from './verdict.ts';

type Hop = ScanTrace['hops'][number];

export function showTrace(trace: ScanTrace): void {
  const { means, text, reason, totalMs, failedIn, match, evidence } = trace;
  showDialog(
    'What a scan found now',
    h('p', { class: 'row tight' }, badge(means, toneOf(means)), `${text} (${reason})`),
    facts([
      ['Took', span(totalMs)],
      ['Failed in', failedIn],
      ['Status', trace.status],
      ['Body', trace.bodyBytes === undefined ? null : bytes(trace.bodyBytes)],
      [
        'Pattern',
        trace.matched === undefined ? null : trace.matched ? 'matches' : 'does not match',
      ],
      ['Found', match && h('code', {}, match.text)],
      ...Object.entries(match?.values ?? {}).map(([name, value]) => [name, String(value)] as const),
    ]),
    h('h3', {}, 'Requests'),
    hopsTable(trace.hops),
    trace.hops.map(({ tls }) => tls && certificate(tls)),
    evidence ? [h('h3', {}, 'Begin of the body'), h('pre', { tabindex: 0 }, evidence)] : null,
    h('p', { class: 'hint' }, 'Nothing of it is recorded.'),
  );
}

function hopsTable(hops: readonly Hop[]): HTMLElement {
  return table<Hop>({
    caption: 'Requests of the scan',
    rows: hops,
    columns: [
      { label: 'URL', cell: ({ url }) => h('span', { class: 'clip' }, url) },
      { label: 'Status', number: true, cell: ({ status }) => status ?? '–' },
      { label: 'Address', cell: ({ address, port }) => (address ? `${address}:${port}` : '–') },
      { label: 'DNS', number: true, cell: ({ phases }) => span(phases.dns) },
      { label: 'Connect', number: true, cell: ({ phases }) => span(phases.connect) },
      { label: 'TLS', number: true, cell: ({ phases }) => span(phases.tls) },
      { label: 'First byte', number: true, cell: ({ phases }) => span(phases.firstByte) },
      { label: 'Rest', number: true, cell: ({ phases }) => span(phases.transfer) },
    ],
  }).element;
}

function certificate(found: Certificate) {
  return [
    h('h3', {}, 'Certificate'),
    facts([
      ['Of', found.subject],
      ['By', found.issuer],
      ['Names', found.names.slice(0, 20).join(', ')],
      ['Ends', `${moment(found.earliestExpiry)}, in ${Math.floor(found.daysLeft)} days`],
      ['Host', found.hostMatches ? 'matches' : 'does not match'],
      ['Protocol', found.protocol],
    ]),
  ];
}
