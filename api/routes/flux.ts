import { childAbort } from '../../core/abort.ts';
import { TidemarkError } from '../../core/errors.ts';
import { listExamples } from '../../flux/examples.ts';
import type { Dependencies } from '../app.ts';
import { answerOf } from '../flux/answer.ts';
import { createProposals } from '../flux/complete.ts';
import {
  fluxAnswer,
  fluxCheckAnswer,
  fluxCheckWish,
  fluxCompleteAnswer,
  fluxCompleteWish,
  fluxExamplesAnswer,
  fluxWish,
} from '../flux/schemas.ts';
import { demandReading, judge } from '../flux/script.ts';
import { createShares } from '../http/admission.ts';
import { mediaOf } from '../http/media.ts';
import { alsoShort, type Call, defineRoute, type Route } from '../http/route.ts';
import { sendStream } from '../http/stream.ts';
import { mediaTypes } from '../rows/format.ts';
import { noQuery } from '../schemas.ts';

/** Scripts in work at once for each key. */
const SCRIPTS_MAX = 4;
/** Of the others, which only read scripts. */
const LOOKS_MAX = 8;
const RUN_MS_MAX = 60_000;
const LISTENERS_MAX = 20;

const path = '/api/v1/flux';

/** Scripts of the caller's own. Everything is also at the short address, `/flux`. */
export function fluxRoutes(dependencies: Dependencies): readonly Route[] {
  const looks = createShares(LOOKS_MAX);
  return alsoShort([
    runRoute(dependencies),
    checkRoute(looks),
    completeRoute(dependencies, looks),
    examplesRoute(dependencies),
  ]);
}

type RunCall = Call<object, { readonly query: string; readonly rows: number }>;

function runRoute(dependencies: Dependencies): Route {
  const admitted = createShares(SCRIPTS_MAX);
  return defineRoute({
    id: 'runFlux',
    method: 'post',
    path,
    summary: 'Run a Flux script. Keys that are not admin may only read with it',
    access: 'read',
    query: noQuery,
    body: fluxWish,
    answers: { 200: { about: 'Its rows, streamed', schema: fluxAnswer, media: mediaTypes } },
    handle: (call) => admitted(call.caller?.name ?? '', () => run(dependencies, call)),
  });
}

async function run(dependencies: Dependencies, call: RunCall): Promise<undefined> {
  const { ctx, body, caller } = call;
  const media = mediaOf(ctx, undefined);
  if (caller?.role !== 'admin') await demandReading(body.query);
  const ending = childAbort(call.signal);
  try {
    const { query, rows: rowsMax } = body;
    const source = inTime(dependencies, query, ending);
    const pieces = answerOf(source, { query, media, rowsMax });
    // What fails before the first row is still a clean error.
    const first = await pieces.next();
    ctx.status = 200;
    ctx.set({
      'Content-Type': media === 'text/csv' ? 'text/csv; charset=utf-8' : media,
      'Cache-Control': 'no-store',
      Vary: 'Accept, Accept-Encoding, Authorization',
    });
    // A packed stream and all who watch an answer come to just more than Node takes for a leak.
    ctx.res.setMaxListeners(LISTENERS_MAX);
    await sendStream(ctx, chained(first, pieces));
  } finally {
    ending.release();
  }
}

/** The engine's answer, given up when it takes longer than it may. */
async function* inTime(
  { influx, clock }: Dependencies,
  query: string,
  ending: ReturnType<typeof childAbort>,
): AsyncGenerator<Uint8Array, void> {
  let late = false;
  const watch = clock.sleep(RUN_MS_MAX, ending.signal).then(
    () => {
      late = true;
      ending.release();
    },
    () => undefined,
  );
  try {
    yield* influx.queryCsv(query, { signal: ending.signal });
  } catch (cause) {
    if (!late) throw cause;
    const message = `the script ran longer than ${RUN_MS_MAX / 1000} s and was stopped`;
    throw new TidemarkError('timeout', message, { cause });
  } finally {
    ending.release();
    await watch;
  }
}

async function* chained(
  first: IteratorResult<Buffer, void>,
  rest: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void> {
  if (first.done) return;
  yield first.value;
  yield* rest;
}

type Shares = ReturnType<typeof createShares>;

function checkRoute(looks: Shares): Route {
  return defineRoute({
    id: 'checkFlux',
    method: 'post',
    path: `${path}/check`,
    summary: 'What is wrong with a Flux script, and who may run it; nothing is run',
    access: 'read',
    query: noQuery,
    body: fluxCheckWish,
    answers: { 200: { about: 'What was found', schema: fluxCheckAnswer } },
    handle({ ctx, body, caller }) {
      ctx.state.reads = true;
      return looks(caller?.name ?? '', () => judge(body.query));
    },
  });
}

function completeRoute(dependencies: Dependencies, looks: Shares): Route {
  const proposals = createProposals(dependencies);
  return defineRoute({
    id: 'completeFlux',
    method: 'post',
    path: `${path}/complete`,
    summary: 'What a Flux script could go on with: functions, parameters, buckets, tags',
    access: 'read',
    query: noQuery,
    body: fluxCompleteWish,
    answers: { 200: { about: 'Proposals', schema: fluxCompleteAnswer } },
    handle({ ctx, body, caller, signal }) {
      ctx.state.reads = true;
      return looks(caller?.name ?? '', () => proposals(body, signal));
    },
  });
}

function examplesRoute({ bucket }: Dependencies): Route {
  let items: ReturnType<typeof listExamples> | undefined;
  return defineRoute({
    id: 'fluxExamples',
    method: 'get',
    path: `${path}/examples`,
    summary: 'Flux scripts to begin with',
    access: 'read',
    query: noQuery,
    answers: { 200: { about: 'All of them', schema: fluxExamplesAnswer } },
    async handle() {
      items ??= listExamples(bucket);
      return { items };
    },
  });
}
