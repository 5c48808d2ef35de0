import { BlockList, isIP } from 'node:net';
import { TidemarkError } from './errors.ts';

/** A set of addresses. */
export interface AddressRanges {
  has(address: string): boolean;
}

/**
 * The addresses of ranges (`10.0.0.0/8`, `fd00::/8`) and single ones.
 * @throws TidemarkError `invalid` for what is neither
 */
export function addressRanges(entries: readonly string[]): AddressRanges {
  const list = new BlockList();
  for (const entry of entries) {
    if (addRange(list, entry)) continue;
    throw new TidemarkError('invalid', 'not a range of addresses', {
      details: { got: entry, expected: 'a range such as 10.0.0.0/8, or an address' },
    });
  }
  return {
    has(address) {
      const family = isIP(address);
      return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6');
    },
  };
}

/** False, and nothing is added, for what is neither a range nor an address. */
export function addRange(list: BlockList, entry: string): boolean {
  const [address = '', bits, more] = entry.split('/');
  const family = isIP(address);
  const widest = family === 4 ? 32 : 128;
  const width = bits === undefined ? widest : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  if (family === 0 || width < 0 || width > widest || more !== undefined) return false;
  list.addSubnet(address, width, family === 4 ? 'ipv4' : 'ipv6');
  return true;
}
