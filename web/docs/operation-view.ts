/** One operation: what it takes, what it answers, an example, and a form to try it. */
import { type Child, fill, h } from '../dom.ts';
import { attemptView } from './attempt.ts';
import { type Answer, nameOfRef, type OpenApi, type Parameter, type Place } from './document.ts';
import { aboutOf, prose, schemaView, typeText } from './schema-view.ts';

/** Closed at first; what is in it is made when it is opened. */
export function operationView(place: Place, document: OpenApi): HTMLDetailsElement {
  const { method, path, operation } = place;
  const inner = h('div', { class: 'operation-body' });
  const box = h(
    'details',
    { class: 'operation card', id: operation.operationId },
    h(
      'summary',
      {},
      h('span', { class: `method ${method.toLowerCase()}` }, method),
      h('code', { class: 'path' }, path),
      h('span', { class: 'summary' }, operation.summary),
    ),
    inner,
  );
  box.addEventListener('toggle', () => fill(inner, contentsOf(place, document)), { once: true });
  return box;
}

function contentsOf(place: Place, { components }: OpenApi): Child {
  const { operation } = place;
  const [[type, body] = []] = Object.entries(operation.requestBody?.content ?? {});
  return [
    h('p', {}, prose(operation.description)),
    operation.parameters.length > 0 && [
      h('h3', {}, 'Parameters'),
      parametersView(operation.parameters),
    ],
    body !== undefined && [
      h('h3', {}, 'Body ', h('span', { class: 'soft' }, type)),
      schemaView(body.schema, components.schemas),
    ],
    h('h3', {}, 'Answers'),
    h('div', { class: 'answers' }, answersOf(place, components)),
    exampleView(place),
    h('h3', {}, 'Try it'),
    attemptView(place),
  ];
}

function parametersView(parameters: readonly Parameter[]): HTMLElement {
  return h(
    'ul',
    { class: 'members' },
    parameters.map(({ name, in: where, required, description, schema }) => {
      const about = description === undefined ? schema : { ...schema, description };
      return h(
        'li',
        {},
        h('code', { class: 'member' }, name),
        ' ',
        h('span', { class: 'soft' }, `${typeText(schema)}, in the ${where}`),
        required ? h('span', { class: 'needed' }, 'required') : null,
        h('div', {}, aboutOf(about)),
      );
    }),
  );
}

function answersOf({ operation }: Place, components: OpenApi['components']): Child {
  return Object.entries(operation.responses).map(([status, one]) => {
    const answer = resolved(one, components);
    const types = Object.keys(answer.content ?? {});
    const schema = Object.values(answer.content ?? {})[0]?.schema;
    const head = [
      h('b', { class: status < '400' ? 'up' : 'down' }, status),
      ' ',
      prose(answer.description ?? ''),
      ' ',
      h('span', { class: 'soft' }, types.join(', ')),
    ];
    // Errors are alike: their shape is said once, above.
    if (schema === undefined || one.$ref !== undefined) return h('p', { class: 'answer' }, head);
    const box = h('details', {}, h('summary', {}, head));
    box.addEventListener('toggle', () => box.append(schemaView(schema, components.schemas)), {
      once: true,
    });
    return box;
  });
}

function resolved(answer: Answer, { responses }: OpenApi['components']): Answer {
  return answer.$ref === undefined ? answer : (responses[nameOfRef(answer.$ref)] ?? answer);
}

function exampleView({ operation }: Place): Child {
  const request = operation['x-example'];
  if (request === undefined) return null;
  const answers = Object.values(operation.responses).flatMap(({ content = {} }) =>
    Object.values(content).flatMap(({ example }) => (example === undefined ? [] : [example])),
  );
  return [
    h('h3', {}, 'Example'),
    h('pre', { tabindex: 0, 'aria-label': 'The command' }, request),
    answers.map((answer) =>
      h('pre', { tabindex: 0, 'aria-label': 'Its answer' }, JSON.stringify(answer, null, 2)),
    ),
  ];
}
