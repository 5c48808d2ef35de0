import type { Context } from 'koa';
import type { z } from 'zod';
import type { Role } from '../contract.ts';
import type { Caller } from '../keys/auth.ts';

/** One request as a handler sees it: everything in it is checked. */
export interface Call<Query, Body = undefined> {
  readonly ctx: Context;
  /** Decoded parts of the path by name. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  /** Undefined where the route takes none. */
  readonly body: Body;
  readonly caller: Caller | undefined;
  /** Aborts when the client leaves or the server stops. */
  readonly signal: AbortSignal;
}

/** An answer that OpenAPI describes. */
export interface Answer {
  readonly about: string;
  /** Absent: the body is text without a schema. */
  readonly schema?: z.ZodType;
  readonly media?: readonly string[];
}

/** What reads changes nothing; HEAD comes with GET. */
export type Method = 'get' | 'post' | 'patch' | 'delete';

/**
 * A route as data: the router, the checks of its input and the OpenAPI document all come from it.
 * A route returns its JSON body, or undefined when it has written the answer itself.
 */
export interface Route<
  Query extends z.ZodObject = z.ZodObject,
  Body extends z.ZodObject | undefined = z.ZodObject | undefined,
> {
  /** The operation's name in OpenAPI and in metrics. */
  readonly id: string;
  readonly method: Method;
  /** `/api/v1/pairs/:pair` */
  readonly path: string;
  readonly summary: string;
  readonly access: 'open' | Role;
  /** Its key may also be `key` of the query: browsers send no headers with these requests. */
  readonly keyInQuery?: boolean;
  readonly query: Query;
  /** The JSON that it wants; absent: none is read. */
  readonly body?: Body;
  /** Types of a body that the handler reads itself; `body` is for JSON. */
  readonly uploads?: readonly string[];
  readonly answers: Readonly<Record<number, Answer>>;
  /** Left out of OpenAPI: another spelling of a route that is in it. */
  readonly hidden?: boolean;
  readonly params?: Readonly<Record<string, string>>;
  handle(call: Call<z.output<Query>, BodyOf<Body>>): Promise<unknown>;
}

type BodyOf<Body> = Body extends z.ZodObject ? z.output<Body> : undefined;

/** Types a handler by its route's own schemas, then forgets them for the list of routes. */
export function defineRoute<
  Query extends z.ZodObject,
  Body extends z.ZodObject | undefined = undefined,
>(route: Route<Query, Body>): Route {
  return route as unknown as Route;
}

const LONG = /^\/api\/v1(?=\/)/;

/** The routes, each at its short address too: `/monitors` for `/api/v1/monitors`. */
export function alsoShort(routes: readonly Route[]): readonly Route[] {
  const short = routes.map((route) => {
    return { ...route, id: `${route.id}Short`, path: route.path.replace(LONG, ''), hidden: true };
  });
  return [...routes, ...short];
}
