import { createSocket, type RemoteInfo } from 'node:dgram';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** What a name server says about a name. */
export interface Zone {
  readonly a?: readonly string[];
  readonly aaaa?: readonly string[];
  /** Leads to another name, whose records are given along with it. */
  readonly cname?: string;
  /** 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED. */
  readonly rcode?: number;
  readonly ttl?: number;
  /** Never answers: questions of all kinds, or of one. */
  readonly silent?: boolean | 'a' | 'aaaa';
}

export interface NameServer {
  readonly server: string;
  /** `A good.example`, `AAAA good.example`: every question, in order. */
  readonly questions: readonly string[];
  set(name: string, ...zones: Zone[]): void;
  close(): Promise<void>;
}

const A = 1;
const CNAME = 5;
const AAAA = 28;
const UDP_BYTES = 1200;

/** A name server on loopback, by UDP and, for long answers, by TCP. Unknown names are NXDOMAIN. */
export async function startNames(): Promise<NameServer> {
  const zones = new Map<string, Zone[]>();
  const questions: string[] = [];
  const socket = createSocket('udp4');
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
  const { port } = socket.address();
  const reply = (query: Buffer): Buffer | undefined => {
    const { name, type } = readQuestion(query);
    questions.push(`${type === A ? 'A' : type === AAAA ? 'AAAA' : type} ${name}`);
    const list = zones.get(name) ?? [{ rcode: 3 }];
    // Each kind of question sees the list from its beginning; the last zone stays.
    const asked = questions.filter((one) => one === questions.at(-1)).length;
    const zone = list[Math.min(asked, list.length) - 1] ?? {};
    const kind = type === A ? 'a' : 'aaaa';
    if (zone.silent === true || zone.silent === kind) return undefined;
    return encode(query, type, zone, zones);
  };
  socket.on('message', (query, from: RemoteInfo) => {
    const whole = reply(query);
    if (!whole) return;
    const cut = whole.length > UDP_BYTES ? truncated(query) : whole;
    socket.send(cut, from.port, from.address);
  });
  const tcp = createServer((client) => serveTcp(client, reply));
  await listen(tcp, port);
  return {
    server: `127.0.0.1:${port}`,
    questions,
    set(name, ...list) {
      zones.set(name, list);
    },
    async close() {
      await new Promise<void>((done) => socket.close(done));
      await new Promise((done) => tcp.close(done));
    },
  };
}

async function listen(server: Server, port: number): Promise<AddressInfo> {
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  return server.address() as AddressInfo;
}

function serveTcp(client: Socket, reply: (query: Buffer) => Buffer | undefined): void {
  client.on('error', () => 'the client left');
  client.on('data', (bytes: Buffer) => {
    const whole = reply(bytes.subarray(2));
    if (!whole) return;
    const length = Buffer.alloc(2);
    length.writeUInt16BE(whole.length);
    client.end(Buffer.concat([length, whole]));
  });
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function header(query: Buffer, flags: number, answers: number): Buffer {
  const head = Buffer.from(query.subarray(0, 12));
  head.writeUInt16BE(0x8180 | flags, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(answers, 6);
  head.writeUInt16BE(0, 8);
  head.writeUInt16BE(0, 10);
  return head;
}

function truncated(query: Buffer): Buffer {
  const { end } = readQuestion(query);
  return Buffer.concat([header(query, 0x0200, 0), query.subarray(12, end)]);
}

function encode(query: Buffer, type: number, zone: Zone, all: Map<string, Zone[]>): Buffer {
  const { name, end } = readQuestion(query);
  const question = query.subarray(12, end);
  const records: Buffer[] = [];
  let owner = name;
  let last = zone;
  while (last.cname !== undefined && records.length < 10) {
    records.push(record(owner, CNAME, encodeName(last.cname), last.ttl));
    owner = last.cname;
    last = all.get(owner)?.[0] ?? {};
  }
  const data = type === A ? last.a?.map(v4) : type === AAAA ? last.aaaa?.map(v6) : [];
  for (const bytes of data ?? []) records.push(record(owner, type, bytes, last.ttl));
  return Buffer.concat([header(query, zone.rcode ?? 0, records.length), question, ...records]);
}

function record(name: string, type: number, data: Buffer, ttl = 0): Buffer {
  const middle = Buffer.alloc(10);
  middle.writeUInt16BE(type, 0);
  middle.writeUInt16BE(1, 2);
  middle.writeUInt32BE(ttl, 4);
  middle.writeUInt16BE(data.length, 8);
  return Buffer.concat([encodeName(name), middle, data]);
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').map((label) => {
    const bytes = Buffer.from(label, 'latin1');
    return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  });
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function v4(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

function v6(address: string): Buffer {
  const [head = '', tail = ''] = address.split('::');
  const parts = (text: string) => text.split(':').filter((part) => part !== '');
  const before = parts(head);
  const after = parts(tail);
  const zeros = new Array<string>(8 - before.length - after.length).fill('0');
  const groups = [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16));
  return Buffer.from(groups.flatMap((group) => [group >> 8, group & 255]));
}
