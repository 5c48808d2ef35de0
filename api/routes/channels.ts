import { formatMs } from '../../core/duration.ts';
import type { ChannelView } from '../../registry/channels.ts';
import type { Dependencies } from '../app.ts';
import type { ChannelDesk } from '../channels/desk.ts';
import { askPage, donePage, lostPage, type PageText, sendPageText } from '../channels/pages.ts';
import {
  channelAnswer,
  channelsAnswer,
  channelsQuery,
  rotateAnswer,
  rotateWish,
  tokenQuery,
} from '../channels/schemas.ts';
import { wrongField } from '../http/field-errors.ts';
import { demand } from '../http/ids.ts';
import { isoOf, isoOrNull } from '../http/moment.ts';
import { page } from '../http/page.ts';
import { alsoShort, defineRoute, type Route } from '../http/route.ts';
import { noQuery } from '../schemas.ts';

const DAY_MS = 86_400_000;
const GRACE_MS_MAX = 7 * DAY_MS;

const path = '/api/v1/channels';
const params = { id: 'The number of the channel.' };
const one = { schema: channelAnswer };

/** Where alerts are sent. Everything is also at the short address, `/channels`. */
export function channelRoutes({ channels: desk }: Dependencies): readonly Route[] {
  return alsoShort([
    // Before the channels: `confirm` is the number of none.
    ...tokenRoutes(desk, 'confirm', {
      summary: 'agrees to messages',
      question: 'Alerts of Tidemark are to be sent to',
      button: 'Yes, send them',
      done: 'Confirmed. Alerts are sent to',
    }),
    ...tokenRoutes(desk, 'leave', {
      summary: 'wants no messages any more',
      question: 'No alerts of Tidemark any more for',
      button: 'Send no more',
      done: 'Done. Nothing is sent any more to',
    }),
    ...reading(desk),
    switchRoute(
      desk,
      'disable',
      'Switch a channel off; what waits goes to fallbacks, else nowhere',
    ),
    switchRoute(desk, 'enable', 'Switch a channel on, or ask it again to confirm'),
    rotateRoute(desk),
  ]);
}

function shown(channel: ChannelView) {
  const { id, kind, shown, state, reason, failures, delivered } = channel;
  return {
    ...{ id, kind, shown, state, reason, since: isoOf(channel.stateSinceMs), failures },
    failingSince: isoOrNull(channel.failingSinceMs),
    pausedUntil: isoOrNull(channel.openMs),
    delivered,
    created: isoOf(channel.createdMs),
  };
}

function reading(desk: ChannelDesk): readonly Route[] {
  return [
    defineRoute({
      id: 'channels',
      method: 'get',
      path,
      summary: 'Where alerts are sent, and how that goes',
      access: 'read',
      query: channelsQuery,
      answers: { 200: { about: 'One page, by number', schema: channelsAnswer } },
      async handle({ query: { kind, state, limit, after = 0 } }) {
        const found = await desk.list({ after, kind, state, limit: limit + 1 });
        const { items, next } = page(found, limit, ({ id }) => String(id));
        return { items: items.map(shown), next };
      },
    }),
    defineRoute({
      id: 'channel',
      method: 'get',
      path: `${path}/:id`,
      summary: 'One channel',
      access: 'read',
      query: noQuery,
      params,
      answers: { 200: { about: 'It', ...one } },
      handle: async ({ params: { id = '' } }) => shown(await demand('channel', id, desk.find)),
    }),
  ];
}

function switchRoute(desk: ChannelDesk, verb: 'disable' | 'enable', summary: string): Route {
  return defineRoute({
    id: `${verb}Channel`,
    method: 'post',
    path: `${path}/:id/${verb}`,
    summary,
    access: 'write',
    query: noQuery,
    params,
    answers: { 200: { about: 'It, as it is from now on', ...one } },
    handle: async ({ params: { id = '' } }) => shown(await demand('channel', id, desk[verb])),
  });
}

function rotateRoute(desk: ChannelDesk): Route {
  return defineRoute({
    id: 'rotateChannel',
    method: 'post',
    path: `${path}/:id/rotate`,
    summary: 'A new secret for the signatures of a webhook; for a while both sign',
    access: 'write',
    query: noQuery,
    params,
    body: rotateWish,
    answers: { 200: { about: 'It, and the secret', schema: rotateAnswer } },
    async handle({ params: { id = '' }, body }) {
      const graceMs = body.grace ?? DAY_MS;
      if (graceMs > GRACE_MS_MAX) throw wrongField('grace', 'at most 7d', formatMs(graceMs));
      const found = await demand('channel', id, (number) => desk.rotate(number, graceMs));
      return { ...shown(found.channel), secret: found.secret };
    },
  });
}

interface TokenTexts extends PageText {
  readonly summary: string;
  readonly done: string;
}

/** Looking at the page does nothing: programs that check links look too. */
function tokenRoutes(
  desk: ChannelDesk,
  use: 'confirm' | 'leave',
  texts: TokenTexts,
): readonly Route[] {
  const common = {
    path: `${path}/${use}`,
    access: 'open',
    query: tokenQuery,
    answers: {
      200: { about: 'A page for people', media: ['text/html'] },
      404: {
        about: 'A page that says that the link is none, or not any more',
        media: ['text/html'],
      },
    },
  } as const;
  return [
    defineRoute({
      ...common,
      id: `${use}Page`,
      method: 'get',
      summary: `The page on which the owner of a channel ${texts.summary}`,
      async handle({ ctx, query: { token } }) {
        const channel = await desk.ofToken(use, token);
        sendPageText(ctx, channel ? askPage(texts, channel.shown) : lostPage());
      },
    }),
    defineRoute({
      ...common,
      id: `${use}Channel`,
      method: 'post',
      summary: `The owner of a channel ${texts.summary}`,
      async handle({ ctx, query: { token } }) {
        const channel = await desk[use](token);
        sendPageText(ctx, channel ? donePage(texts.done, channel.shown) : lostPage());
      },
    }),
  ];
}
