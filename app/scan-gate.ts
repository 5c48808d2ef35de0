import type { Config } from '../core/config.ts';
import { createGate, type Service, type TargetGate } from '../core/targets.ts';
import { createResolver, type Resolve } from '../ingest/scans/resolver.ts';
import type { Base } from './start.ts';

const PORTS: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80, 'postgres:': 5432 };

/**
 * Where scans may go: the public internet and what the operator lists, and never a service of our
 * own. `resolve`: how names are looked up; asked anew by each scan, so it is to be shared.
 */
export function createScanGate(
  { config, influx, clock }: Pick<Base, 'config' | 'influx' | 'clock'>,
  resolve: Resolve = createResolver({ clock }),
): TargetGate {
  return createGate({
    allowPrivate: config.allowPrivateTargets,
    services: ownServices(config, influx.url),
    resolve,
  });
}

/** The database, InfluxDB, this API. A port that is chosen at start is not known here. */
export function ownServices(config: Config, influxUrl: string): readonly Service[] {
  const { host, port, databaseUrl } = config;
  const urls = [influxUrl, ...(databaseUrl === undefined ? [] : [databaseUrl])];
  const services = urls.map((url) => serviceOf(new URL(url)));
  return [...services, { host, port }].filter((one) => one.host !== '' && one.port > 0);
}

function serviceOf({ protocol, hostname, port }: URL): Service {
  const usual = PORTS[protocol.replace('postgresql:', 'postgres:')] ?? 0;
  return { host: hostname, port: port === '' ? usual : Number(port) };
}
