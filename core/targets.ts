import { lookup } from 'node:dns/promises';
import { BlockList, isIP, isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { addRange } from './address-ranges.ts';
import { TidemarkError } from './errors.ts';
import { HttpError } from './http-error.ts';

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Decides where a request may go. A name is resolved once: what was checked is connected to. */
export interface TargetGate {
  /**
   * The addresses of `host` that may be reached at `port`.
   * @throws HttpError `target` when one of them may not, `dns` when there is none.
   */
  addresses(host: string, port: number): Promise<readonly Address[]>;
}

export interface GateOptions {
  /** Ranges (`10.0.0.0/8`) and places (`127.0.0.1:9000`) to reach although they are private. */
  readonly allowPrivate?: readonly string[];
  /**
   * Our own (the database, InfluxDB, this API): not reached by any name or address of theirs, save
   * at a place that is listed. A host that means every interface stands for each address of this
   * machine.
   */
  readonly services?: readonly Service[];
  /** How names are resolved; by default as the operating system does. */
  readonly resolve?: (host: string) => Promise<readonly Address[]>;
}

export interface Service {
  readonly host: string;
  readonly port: number;
}

/**
 * Ports of other protocols, where a request may do harm: the "bad ports" of the Fetch standard, and
 * the databases. Reached at a place that is listed exactly, and nowhere else.
 */
const OTHER_PROTOCOLS: ReadonlySet<number> = new Set([
  ...[0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95],
  ...[101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179],
  ...[389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601],
  ...[636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566],
  ...[6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080],
  ...[445, 1433, 1521, 3306, 5432, 6379, 9042, 11211, 27017],
]);

/** Not on the public internet: IANA's special-purpose registries (RFC 6890 and its updates). */
const PRIVATE_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
const privateV4 = new BlockList();
for (const range of PRIVATE_V4) addRange(privateV4, range);

/** A gate for addresses that users give: public ones, and what `allowPrivate` lists. */
export function createGate(options: GateOptions = {}): TargetGate {
  const ranges = new BlockList();
  const places = new Set<string>();
  for (const entry of options.allowPrivate ?? []) allow(entry, ranges, places);
  const resolve = options.resolve ?? resolveAll;
  const isPlace = ({ address }: Address, port: number): boolean =>
    places.has(placeOf(address, port));
  const mayReach = ({ address, family }: Address, port: number): boolean => {
    if (isPlace({ address, family }, port)) return true;
    if (OTHER_PROTOCOLS.has(port)) return false;
    return isPublic(address) || ranges.check(address, family === 4 ? 'ipv4' : 'ipv6');
  };
  return {
    async addresses(host, port) {
      const name = host.replace(/^\[|\]$/g, '');
      const found = isIP(name) ? [literal(name)] : await resolve(name);
      if (found.length === 0) throw new HttpError('dns', `${name} has no address`);
      // One private address among public ones is how a name is rebound: refuse the whole name.
      const refused = found.find((entry) => !mayReach(entry, port));
      if (refused) {
        const why = isPublic(refused.address) ? `port ${port} is refused` : 'not public';
        throw new HttpError('target', `${name} leads to ${refused.address}: ${why}`);
      }
      const own = (options.services ?? []).filter((service) => service.port === port);
      if (own.length === 0 || found.every((entry) => isPlace(entry, port))) return found;
      const taken = (await Promise.all(own.map(({ host: of }) => addressesOf(of, resolve)))).flat();
      if (found.some(({ address }) => taken.includes(canonical(address)))) {
        throw new HttpError('target', `${name} leads to a service of our own`);
      }
      return found;
    },
  };
}

/** Of DNS (RFC 1035, 2.3.4), without the dot at the end. */
const NAME_LENGTH_MAX = 253;
const LABEL_LENGTH_MAX = 63;
export const nameExpected =
  `a host name of at most ${NAME_LENGTH_MAX} characters, with parts of 1 to ${LABEL_LENGTH_MAX} ` +
  'between its dots (in the xn-- form where it has other letters)';

/** Whether DNS can have a name for the host of a URL, which is in ASCII there; also an address. */
export function canBeName(host: string): boolean {
  const name = host.replace(/\.$/, '');
  const fits = (label: string) => label.length >= 1 && label.length <= LABEL_LENGTH_MAX;
  return host.startsWith('[') || (name.length <= NAME_LENGTH_MAX && name.split('.').every(fits));
}

/** Where a service of ours is; a name that cannot be resolved now is nowhere. */
async function addressesOf(
  host: string,
  resolve: (host: string) => Promise<readonly Address[]>,
): Promise<readonly string[]> {
  const name = host.replace(/^\[|\]$/g, '');
  const found = isIP(name) ? [literal(name)] : await resolve(name).catch(() => []);
  const everywhere = found.some(({ address }) => /^(0\.0\.0\.0|::|127\..*|::1)$/.test(address));
  const local = everywhere ? Object.values(networkInterfaces()).flatMap((each) => each ?? []) : [];
  return [...found, ...local].map(({ address }) => canonical(address));
}

/** One text for one address; a mapped one is the IPv4 address in it. */
function canonical(address: string): string {
  if (isIPv4(address)) return address;
  const groups = groupsOf(address);
  if (!groups) return address;
  const mapped = groups.slice(0, 6).join() === '0,0,0,0,0,65535';
  return mapped ? v4At(groups, 6) : groups.join(':');
}

async function resolveAll(host: string): Promise<readonly Address[]> {
  const found = await lookup(host, { all: true });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
}

function literal(address: string): Address {
  return { address, family: isIPv4(address) ? 4 : 6 };
}

function placeOf(address: string, port: number): string {
  return isIPv4(address) ? `${address}:${port}` : `[${groupsOf(address)?.join(':')}]:${port}`;
}

function allow(entry: string, ranges: BlockList, places: Set<string>): void {
  if (entry.includes('/') && addRange(ranges, entry)) return;
  const place = /^(?:\[([^\]]+)\]|([\d.]+)):(\d{1,5})$/.exec(entry);
  const address = place?.[1] ?? place?.[2] ?? '';
  if (!isIP(address)) {
    throw new TidemarkError('invalid', 'not a private target', {
      details: {
        got: entry,
        expected: 'a range such as 10.0.0.0/8 or a place such as 10.0.0.7:80',
      },
    });
  }
  places.add(placeOf(address, Number(place?.[3])));
}

/** True for addresses of the public internet. IPv6 forms that carry an IPv4 address follow that. */
export function isPublic(address: string): boolean {
  if (isIPv4(address)) return !privateV4.check(address);
  const groups = groupsOf(address);
  if (!groups) return false;
  const [first = 0, second = 0] = groups;
  const startsWith = (prefix: readonly number[]) => prefix.every((part, at) => groups[at] === part);
  if (startsWith([0, 0, 0, 0, 0, 0xffff])) return isPublic(v4At(groups, 6));
  if (startsWith([0x64, 0xff9b, 0, 0, 0, 0])) return isPublic(v4At(groups, 6));
  if (first === 0x2002) return isPublic(v4At(groups, 1));
  if (first === 0x2001 && (second < 0x200 || second === 0xdb8)) return false;
  return first >= 0x2000 && first < 0x3fff;
}

function v4At(groups: readonly number[], at: number): string {
  const [high = 0, low = 0] = groups.slice(at, at + 2);
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The eight groups of an IPv6 address; undefined for what is none (also one with a zone). */
function groupsOf(address: string): readonly number[] | undefined {
  if (isIP(address) !== 6 || address.includes('%')) return undefined;
  const plain = address.replace(/\d+\.\d+\.\d+\.\d+$/, (v4) => {
    const [a = 0, b = 0, c = 0, d = 0] = v4.split('.').map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [head = '', tail] = plain.split('::');
  const parse = (part: string) =>
    part === '' ? [] : part.split(':').map((hex) => parseInt(hex, 16));
  const before = parse(head);
  const after = tail === undefined ? [] : parse(tail);
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}
