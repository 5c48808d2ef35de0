import type { Context } from 'koa';
import { TidemarkError } from '../../core/errors.ts';
import type { Revoked } from '../../registry/keys.ts';
import type { Dependencies } from '../app.ts';
import { HttpProblem } from '../http/errors.ts';
import { demand, notThere, readId } from '../http/ids.ts';
import { isoOrNull } from '../http/moment.ts';
import { page } from '../http/page.ts';
import { alsoShort, defineRoute, type Route } from '../http/route.ts';
import { isLoopback } from '../keys/auth.ts';
import { ANYBODY } from '../keys/keyring.ts';
import { limitOf } from '../keys/rates.ts';
import {
  keyAnswer,
  keysAnswer,
  keysQuery,
  keyWish,
  madeKeyAnswer,
  meAnswer,
  revokedKeyAnswer,
  revokeQuery,
} from '../keys/schemas.ts';
import { shownKey } from '../keys/views.ts';
import { readKeyWish } from '../keys/wish.ts';
import { errorAnswer, noQuery } from '../schemas.ts';

const path = '/api/v1/keys';
const params = { id: 'The number of the key.' };

type KeyDependencies = Pick<Dependencies, 'keyDesk' | 'keyring' | 'clock' | 'host' | 'apiRate'>;

/** Who may use the API. Keys are also at the short address, `/keys`. */
export function keyRoutes(dependencies: Dependencies): readonly Route[] {
  const changing = [making(dependencies), revoking(dependencies)];
  return [whoAmI(dependencies), ...alsoShort([...reading(dependencies), ...changing])];
}

function whoAmI({ apiRate }: KeyDependencies): Route {
  return defineRoute({
    id: 'me',
    method: 'get',
    path: '/api/v1/me',
    summary: 'Who you are here: your key, its role and its limits',
    access: 'read',
    query: noQuery,
    answers: { 200: { about: 'You', schema: meAnswer } },
    async handle({ caller = ANYBODY }) {
      const { name, role, source, id, expiresMs, rate } = caller;
      const perSecond = source === 'open' ? 0 : (rate ?? apiRate);
      const burst = perSecond === 0 ? 0 : limitOf(perSecond).burst;
      const limits = { ratePerSecond: perSecond, burst };
      return { name, role, source, id, expires: isoOrNull(expiresMs), limits };
    },
  });
}

function reading(dependencies: KeyDependencies): readonly Route[] {
  return [
    defineRoute({
      id: 'keys',
      method: 'get',
      path,
      summary: 'Keys of the API, also those that are over; no secrets',
      access: 'admin',
      query: keysQuery,
      answers: { 200: { about: 'One page, by number', schema: keysAnswer } },
      async handle({ query: { state, limit, after = 0 } }) {
        const { keyDesk, keyring } = dependencies;
        const found = await keyDesk.list({ after, state, limit: limit + 1 });
        const { items, next } = page(found, limit, ({ id }) => String(id));
        return { items: items.map(shownKey), next, settings: keyring.settings };
      },
    }),
    defineRoute({
      id: 'key',
      method: 'get',
      path: `${path}/:id`,
      summary: 'One key, without its secret',
      access: 'admin',
      query: noQuery,
      params,
      answers: { 200: { about: 'It', schema: keyAnswer } },
      handle: async ({ params: { id = '' } }) =>
        shownKey(await demand('key', id, (number) => dependencies.keyDesk.find(number))),
    }),
  ];
}

function making(dependencies: KeyDependencies): Route {
  return defineRoute({
    id: 'addKey',
    method: 'post',
    path,
    summary: 'Make a key. Its secret is in this answer, and never told again',
    access: 'admin',
    query: noQuery,
    body: keyWish,
    answers: {
      201: { about: 'Made. The first of all closes the API to others', schema: madeKeyAnswer },
    },
    async handle({ ctx, body, caller = ANYBODY }) {
      const { keyDesk, keyring, clock } = dependencies;
      const taken = [ANYBODY, ...keyring.settings].some(({ name }) => name === body.name);
      if (taken) throw new TidemarkError('conflict', `there is a key ${body.name} already`);
      const { wanted, secret } = readKeyWish(body, { by: caller.name, nowMs: clock.nowMs() });
      const { key, first } = await keyDesk.add(wanted);
      await keyring.refresh();
      ctx.status = 201;
      ctx.set('Location', `${ctx.path.replace(/\/+$/, '')}/${key.id}`);
      const warnings = first ? ['from now on every request needs a key: keep this one'] : [];
      sendOnce(ctx, { ...shownKey(key), secret, warnings });
      return undefined;
    },
  });
}

/** Nobody on the way keeps it. */
function sendOnce(ctx: Context, body: object): void {
  ctx.set('Cache-Control', 'no-store');
  ctx.type = 'application/json';
  ctx.body = JSON.stringify(body);
}

function revoking(dependencies: KeyDependencies): Route {
  return defineRoute({
    id: 'revokeKey',
    method: 'delete',
    path: `${path}/:id`,
    summary: 'Revoke a key. It stays in the list, and opens nothing from now on',
    access: 'admin',
    query: revokeQuery,
    params,
    answers: {
      200: { about: 'It, revoked', schema: revokedKeyAnswer },
      409: { about: 'It is the last one that may be needed', schema: errorAnswer },
    },
    async handle({ params: { id = '' }, query: { last }, caller = ANYBODY }) {
      const { keyDesk, keyring, host } = dependencies;
      const mayOpen = last === 'true' && isLoopback(host);
      const wanted = { by: caller.name, last: mayOpen };
      const revoked = await keyDesk.revoke(readId('key', id), wanted);
      if (revoked === undefined) throw notThere('key', id);
      if (revoked.outcome !== 'revoked') throw stays(revoked.outcome, host);
      await keyring.refresh();
      const opens = revoked.keysLeft === 0 && isLoopback(host);
      const warnings = opens ? ['no key is left: all of this machine may do everything'] : [];
      return { ...shownKey(revoked.key), warnings };
    },
  });
}

function stays(outcome: Exclude<Revoked['outcome'], 'revoked'>, host: string): HttpProblem {
  if (outcome === 'last' && isLoopback(host)) {
    return refusal('it is the last key: without it the API is open to all of this machine', {
      fix: 'DELETE it with ?last=true, if that is what you want',
    });
  }
  return refusal('it is the last key that may make others', {
    fix: 'make another one with the role admin first',
  });
}

function refusal(message: string, details: object): HttpProblem {
  return new HttpProblem(409, 'conflict', message, { details });
}
