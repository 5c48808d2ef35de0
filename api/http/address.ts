import { isIP } from 'node:net';
import type { Context } from 'koa';
import type { AddressRanges } from '../../core/address-ranges.ts';

/** Of what proxies write, no more is looked at. */
const HOPS_MAX = 20;

/**
 * The address that a request is from. Each proxy writes down whom it was asked by, at the end of
 * `X-Forwarded-For`; read from there, the first that is no proxy of ours is the client, and what
 * stands before it is only what that client says.
 */
export function clientAddress(ctx: Context, proxies: AddressRanges): string {
  let address = plain(ctx.req.socket.remoteAddress ?? '');
  const hops = ctx.get('x-forwarded-for').split(',').slice(-HOPS_MAX);
  while (hops.length > 0 && proxies.has(address)) {
    const before = plain(hops.pop()!.trim());
    if (isIP(before) === 0) break;
    address = before;
  }
  return address;
}

/** One text for one address: no port, no brackets, no zone, an IPv4 address as such. */
function plain(text: string): string {
  const [, bracketed, v4] = /^(?:\[([^\]]+)\]|(\d+\.\d+\.\d+\.\d+))(?::\d+)?$/.exec(text) ?? [];
  const address = (bracketed ?? v4 ?? text).replace(/%.*$/, '').toLowerCase();
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, '');
}

/**
 * What counts as one client: of IPv6 a network of 64 bits, as that is what one machine is given.
 */
export function clientOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...new Array<string>(zeros).fill('0'), ...after];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
