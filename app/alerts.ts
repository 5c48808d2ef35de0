import type { AlertDesk } from '../api/alerts/desk.ts';
import type { SilenceDesk } from '../api/alerts/silence-desk.ts';
import type { ChannelDesk, DeliveryDesk } from '../api/channels/desk.ts';
import { listedPair } from '../api/pair.ts';
import { listAlertEvents } from '../registry/alert-events.ts';
import {
  addAlert,
  changeAlert,
  countRulesWith,
  findAlert,
  listAlerts,
  removeAlert,
} from '../registry/alerts.ts';
import type { Catalog } from '../registry/catalog.ts';
import {
  channelOfToken,
  confirmChannel,
  enableChannel,
  leaveChannel,
  rotateSecret,
  switchOffChannel,
} from '../registry/channel-changes.ts';
import { enqueueTest } from '../registry/channel-test.ts';
import { ensureChannel, findChannel, listChannels } from '../registry/channels.ts';
import { findDelivery, listDeliveries } from '../registry/deliveries.ts';
import { replayDeliveries } from '../registry/delivery-upkeep.ts';
import { missingIds } from '../registry/missing.ts';
import {
  addSilence,
  changeSilence,
  endSilence,
  findSilence,
  listSilences,
} from '../registry/silences.ts';
import { createPreview } from '../tasks/alerts/preview.ts';
import { judgesOf } from './monitors.ts';
import { createScanGate } from './scan-gate.ts';
import type { Base } from './start.ts';

type AlertBase = Pick<Base, 'config' | 'registry' | 'influx' | 'clock'>;

/** Each is a task of InfluxDB, and takes its time in every step. */
const RULES_MAX = 100;

/** Where the API keeps alerts. */
export function openAlertDesk(
  base: AlertBase,
  { catalog }: { readonly catalog: Catalog },
): AlertDesk {
  const { config, registry, influx } = base;
  const ttl = { ttlMs: config.alertTtlMs };
  const { refusalOf } = judgesOf(createScanGate(base));
  return {
    ...{ refusalOf, rulesMax: RULES_MAX },
    mails: config.smtpUrl !== undefined && config.smtpFrom !== undefined,
    preview: createPreview({ influx, everyMs: config.alertEveryMs }),
    rulesWith: (keys) => countRulesWith(registry, keys),
    pairOf: (spellings) => listedPair(catalog, spellings),
    async exchanges() {
      const entries = (await catalog.exchanges()).map(({ exchange }) => exchange);
      return [...new Set([...entries, ...(await catalog.listedExchanges())])].sort();
    },
    missing: (thing, ids) => missingIds(registry, `${thing}s`, ids),
    channel: (address) =>
      registry.transaction((transaction) => ensureChannel(transaction, address, ttl)),
    findChannel: (id) => findChannel(registry, id),
    add: (wanted) => addAlert(registry, wanted),
    change: (id, change) => changeAlert(registry, id, change),
    remove: (id) => removeAlert(registry, id),
    find: (id) => findAlert(registry, id),
    list: (filter) => listAlerts(registry, filter),
    events: (filter) => listAlertEvents(registry, filter),
    test: ({ channel, id, name, kind }) =>
      registry.transaction((transaction) =>
        enqueueTest(transaction, { channel, alert: { id, name, kind } }, ttl),
      ),
  };
}

/** Where alerts are sent, for people. */
export function openChannelDesk({ config, registry }: Pick<Base, 'config' | 'registry'>) {
  const ttl = { ttlMs: config.alertTtlMs };
  const desk: ChannelDesk = {
    list: (filter) => listChannels(registry, filter),
    find: (id) => findChannel(registry, id),
    disable: (id) => switchOffChannel(registry, id),
    enable: (id) => enableChannel(registry, id, ttl),
    rotate: (id, graceMs) => rotateSecret(registry, id, { graceMs }),
    ofToken: (use, token) => channelOfToken(registry, use, token),
    confirm: (token) => confirmChannel(registry, token),
    leave: (token) => leaveChannel(registry, token),
  };
  return desk;
}

/** Messages of alerts, for people. */
export function openDeliveryDesk({ config, registry }: Pick<Base, 'config' | 'registry'>) {
  const desk: DeliveryDesk = {
    list: (filter) => listDeliveries(registry, filter),
    find: (id) => findDelivery(registry, id),
    replay: (filter) => replayDeliveries(registry, { ...filter, ttlMs: config.alertTtlMs }),
  };
  return desk;
}

export function openSilenceDesk({ registry }: Pick<Base, 'registry'>): SilenceDesk {
  return {
    add: (wanted) => addSilence(registry, wanted),
    change: (id, change) => changeSilence(registry, id, change),
    end: (id) => endSilence(registry, id),
    find: (id) => findSilence(registry, id),
    list: (filter) => listSilences(registry, filter),
  };
}
