import { workerData } from 'node:worker_threads';
import { TidemarkError } from './errors.ts';
import type { ParserReply, ParserRequest, ParserThreadData } from './flux-syntax.ts';
import {
  diagnose,
  membersOf,
  packagePaths,
  parse,
  printTree,
  syntaxErrors,
} from './flux-syntax-parser.ts';

/** The thread of the Flux parser: one request at a time, each answered once. */
const { port, replies } = workerData as ParserThreadData;

// The parser announces itself, and prints its stack before it gives up: that is for nobody.
for (const name of ['log', 'info', 'warn', 'error'] as const) console[name] = () => {};

function perform({ task, text }: ParserRequest): unknown {
  switch (task) {
    case 'parse':
      return parse(text);
    case 'syntaxErrors':
      return syntaxErrors(text);
    case 'diagnose':
      return diagnose(text);
    case 'members':
      return membersOf(text);
    case 'packages':
      return packagePaths();
    case 'printTree':
      return printTree(JSON.parse(text));
  }
}

async function answer(request: ParserRequest): Promise<ParserReply> {
  const { id } = request;
  try {
    return { id, value: await perform(request) };
  } catch (cause) {
    if (!(cause instanceof TidemarkError)) {
      const message = 'the script is too complex to be parsed';
      return { id, error: { code: 'invalid', message, details: undefined }, broken: true };
    }
    const { code, message, details } = cause;
    return { id, error: { code, message, details }, broken: false };
  }
}

let last: Promise<void> = Promise.resolve();

function send(reply: ParserReply): void {
  port.postMessage(reply);
  Atomics.add(replies, 0, 1);
  Atomics.notify(replies, 0);
}

port.on('message', (request: ParserRequest) => {
  last = last.then(async () => {
    send(await answer(request));
  });
});
send({ id: 0, value: undefined });
