/** Dialogs that make and change monitors. */
import type { ChangedMonitor, Monitor, MonitorChange, MonitorWish } from '../../client/types.ts';
import { patch, post } from '../api.ts';
import { type Child, h } from '../dom.ts';
import { type Field, openDialog, type Values } from '../parts/form.ts';
import { toast } from '../parts/toast.ts';

/** Resolves to the new monitor, undefined when the dialog was closed. */
export async function addMonitor(): Promise<ChangedMonitor | undefined> {
  let made: ChangedMonitor | undefined;
  await openDialog({
    title: 'Add a monitor',
    about: 'A page that is asked for on time. What each scan finds out is recorded.',
    fields: [
      {
        kind: 'url',
        name: 'url',
        label: 'URL',
        required: true,
        placeholder: 'https://shop.example/btc',
      },
      {
        kind: 'text',
        name: 'regexp',
        label: 'Pattern',
        placeholder: 'price: (?P<price>[0-9.]+)',
        hint: 'RE2; has to match somewhere in the page. A named group becomes a number of each scan.',
      },
      ...settingFields(),
    ],
    action: 'Add',
    async submit(values) {
      const url = text(values, 'url');
      const wish = {
        url,
        ...given(settingsOf(values)),
        ...given({ regexp: text(values, 'regexp') }),
      };
      made = await post<ChangedMonitor>('/api/v1/monitors', wish as unknown as MonitorWish);
      return warned(made, 'The monitor is there; it is scanned at once.');
    },
  });
  return made;
}

/** Resolves to it as changed. */
export async function editMonitor(monitor: Monitor): Promise<ChangedMonitor | undefined> {
  let changed: ChangedMonitor | undefined;
  await openDialog({
    title: 'Change the monitor',
    about: h('span', {}, monitor.url, ' (its URL and pattern stay: another is another monitor)'),
    fields: settingFields(monitor),
    action: 'Save',
    async submit(values) {
      const change: MonitorChange = settingsOf(values);
      changed = await patch<ChangedMonitor>(`/api/v1/monitors/${monitor.id}`, change);
      return warned(changed, 'The monitor is changed.');
    },
  });
  return changed;
}

/** Shows what keeps it from being scanned as asked; without such, a line tells that it worked. */
function warned({ warnings }: ChangedMonitor, done: string): Child | undefined {
  if (warnings.length === 0) {
    toast(done);
    return undefined;
  }
  return h(
    'div',
    {},
    h('p', {}, done),
    warnings.map((warning) => h('p', { class: 'warning' }, warning)),
  );
}

function settingFields(monitor?: Monitor): Field[] {
  const tags = Object.entries(monitor?.tags ?? {}).map(([name, value]) => `${name}:${value}`);
  return [
    {
      kind: 'text',
      name: 'interval',
      label: 'Interval',
      value: monitor?.interval ?? '1m',
      offers: ['10s', '30s', '1m', '5m', '1h'],
    },
    { kind: 'text', name: 'name', label: 'Name', value: monitor?.name ?? '' },
    {
      kind: 'text',
      name: 'expectStatus',
      label: 'Expected status',
      value: monitor?.expectStatus.join(', ') ?? '200-299',
      hint: '200, 2xx, 200-299, or several with commas.',
    },
    {
      kind: 'number',
      name: 'timeoutMs',
      label: 'Time-out, ms',
      value: monitor?.timeoutMs ?? '',
      placeholder: '10000',
    },
    {
      kind: 'number',
      name: 'failuresBeforeDown',
      label: 'Failed scans in a row until it is down',
      value: monitor?.failuresBeforeDown ?? 2,
    },
    {
      kind: 'number',
      name: 'successesBeforeUp',
      label: 'Good scans in a row until it is up',
      value: monitor?.successesBeforeUp ?? 1,
    },
    {
      kind: 'check',
      name: 'followRedirects',
      label: 'Follow redirects',
      value: monitor?.followRedirects ?? true,
    },
    {
      kind: 'check',
      name: 'keepAlive',
      label: 'One connection for many scans',
      value: monitor?.keepAlive ?? false,
    },
    {
      kind: 'text',
      name: 'tags',
      label: 'Tags',
      value: tags.join(', '),
      hint: 'Words of your own to find it by, as team:pay.',
    },
  ];
}

function settingsOf(values: Values) {
  const statuses = text(values, 'expectStatus');
  return {
    interval: text(values, 'interval') || null,
    name: text(values, 'name') || null,
    expectStatus: statuses === '' ? null : statuses.split(/\s*,\s*/),
    timeoutMs: count(values, 'timeoutMs'),
    failuresBeforeDown: count(values, 'failuresBeforeDown'),
    successesBeforeUp: count(values, 'successesBeforeUp'),
    followRedirects: values.followRedirects === true,
    keepAlive: values.keepAlive === true,
    tags: tagsOf(text(values, 'tags')),
  };
}

/** Without what was left empty: of a new one that is the default anyway. */
function given(wish: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(wish).filter(([, value]) => value !== null && value !== ''),
  );
}

function text(values: Values, name: string): string {
  return String(values[name] ?? '');
}

function count(values: Values, name: string): number | null {
  const typed = text(values, name);
  return typed === '' ? null : Number(typed);
}

function tagsOf(typed: string): Record<string, string> {
  const pairs = typed.split(/\s*,\s*/).filter((part) => part !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', ...value] = pair.split(':');
      return [name.trim(), value.join(':').trim()];
    }),
  );
}
