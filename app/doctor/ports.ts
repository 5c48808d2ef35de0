/** The ports that Tidemark listens on: free, ours already, or somebody else's. */
import { ownerOf, whyNotFree } from '../ports.ts';
import { ask } from './ask.ts';
import { type Finding, fail, ok, type Patient } from './finding.ts';

/** Whether a Tidemark with the same HOST and PORT, or the same engine, runs. */
export interface Running {
  /** Base URL of the API, where one answers. */
  readonly api: string | undefined;
  /** Of the embedded engine. */
  readonly engine: string | undefined;
  /** Of the Tidemark that answers, where it says so. */
  readonly version?: string | undefined;
}

export interface Ports {
  readonly findings: readonly Finding[];
  readonly running: Running;
}

export async function checkPorts(patient: Patient): Promise<Ports> {
  const { host, port, influxPort, influxUrl } = patient.config;
  const place = /^(0\.0\.0\.0|::|\[::\])$/.test(host) ? '127.0.0.1' : host;
  const api = await checkPort(patient, { name: 'PORT', host, place, port, isOurs: isTidemark });
  if (influxUrl !== undefined) {
    return {
      findings: [api.finding],
      running: { api: api.url, engine: undefined, version: api.version },
    };
  }
  const loopback = { host: '127.0.0.1', place: '127.0.0.1' };
  const wanted = { name: 'INFLUX_PORT', ...loopback, port: influxPort, isOurs: isEngine };
  const engine = await checkPort(patient, wanted);
  const running = { api: api.url, engine: engine.url, version: api.version };
  return { findings: [api.finding, engine.finding], running };
}

/** What answers there. */
interface Ours {
  readonly name: string;
  readonly version?: string | undefined;
}

interface Wanted {
  /** Of the setting. */
  readonly name: string;
  /** Where it is to be listened, and where that is reached. */
  readonly host: string;
  readonly place: string;
  readonly port: number;
  readonly isOurs: (patient: Patient, url: string) => Promise<Ours | undefined>;
}

async function checkPort(
  patient: Patient,
  { name, host, place, port, isOurs }: Wanted,
): Promise<{ finding: Finding; url?: string; version?: string | undefined }> {
  const where = `${name} ${port}`;
  if (port === 0) return { finding: ok('ports', `${where}: a free one`) };
  const code = await whyNotFree(host, port);
  if (code === undefined) return { finding: ok('ports', `${where} is free`) };
  if (code === 'EACCES') {
    const fix = `set ${name} to 1024 or more, or allow it (CAP_NET_BIND_SERVICE)`;
    return { finding: fail('ports', `${where} may not be listened on`, fix) };
  }
  if (code !== 'EADDRINUSE') {
    const fix = 'set HOST to an address of this machine';
    return { finding: fail('ports', `${where} cannot be listened on: ${code}`, fix) };
  }
  const url = `http://${place.includes(':') && !place.startsWith('[') ? `[${place}]` : place}:${port}`;
  const ours = await isOurs(patient, url);
  if (ours !== undefined) {
    const { name: found, version } = ours;
    return { finding: ok('ports', `${where}: ${found} answers`), url, version };
  }
  const owner = await ownerOf(port);
  const found = `${where} is taken by ${owner ?? 'another program'}`;
  return { finding: fail('ports', found, `stop it, or set ${name} to another port`) };
}

async function isTidemark(patient: Patient, url: string): Promise<Ours | undefined> {
  const { status, text } = await ask(patient, `${url}/openapi.json`);
  const found = /"title":\s*"Tidemark"/.test(text);
  const version = /"version":\s*"([^"]+)"/.exec(text)?.[1];
  if (found) return { name: `a running Tidemark (${version})`, version };
  // A process without the role of the API says no more than that it is there.
  const health = await ask(patient, `${url}/healthz`);
  const there = status > 0 && health.text.trim() === '{"status":"ok"}';
  return there ? { name: 'a running Tidemark' } : undefined;
}

async function isEngine(patient: Patient, url: string): Promise<Ours | undefined> {
  const { text } = await ask(patient, `${url}/health`);
  return /"commit":\s*"tidemark"/.test(text)
    ? { name: 'the engine of a running Tidemark' }
    : undefined;
}
