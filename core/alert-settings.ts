import { z } from 'zod';
import { duration, httpUrl, mailFrom, slotLength, smtpUrl } from './config-values.ts';
import { setting } from './setting.ts';

/** Settings of what is told of alerts, and how. */
export interface AlertConfig {
  /** How often rules are evaluated. */
  readonly alertEveryMs: number;
  /** How long a message about an alert is tried. */
  readonly alertTtlMs: number;
  /** Whether the way from a rule to a receiver is measured, by an alert of our own. */
  readonly alertCanary: boolean;
  /** Where readers of messages reach the API; undefined: where it listens. */
  readonly publicUrl: string | undefined;
  /** Undefined: no e-mails. */
  readonly smtpUrl: string | undefined;
  readonly smtpFrom: string | undefined;
  /** Instead of PagerDuty's own. */
  readonly pagerdutyUrl: string | undefined;
}

export const alertSettings = {
  alertEveryMs: setting(
    'ALERT_INTERVAL',
    slotLength.refine((ms) => ms >= 10_000 && ms <= 600_000),
    {
      default: '1m',
      expected: 'whole seconds that divide an hour, from 10s to 10m',
      about: 'How often the rules of alerts are evaluated, by a Flux task each.',
    },
  ),
  alertTtlMs: setting('ALERT_TTL', duration(60_000), {
    default: '24h',
    expected: 'a length of time such as 24h, at least 1m',
    about: 'How long a message about an alert is tried; then it is a dead letter.',
  }),
  alertCanary: setting(
    'ALERT_CANARY',
    z.enum(['0', '1']).transform((on) => on === '1'),
    {
      default: '1',
      expected: '0 or 1',
      about:
        'Whether a rule that fires at every step measures the time from there to a delivery, and ' +
        'readiness says when nothing comes through.',
    },
  ),
  publicUrl: setting('PUBLIC_URL', httpUrl, {
    expected: 'an http or https URL',
    about:
      'Where readers of messages about alerts reach the API, for the links in them. Unset: ' +
      '`http://HOST:PORT`.',
  }),
  smtpUrl: setting('SMTP_URL', smtpUrl, {
    expected: 'smtp://user:password@host:587 or smtps://user:password@host:465',
    about:
      'Server for alerts by e-mail. `smtp://` demands STARTTLS, save on loopback. Unset: no e-mails.',
    secret: true,
  }),
  smtpFrom: setting('SMTP_FROM', mailFrom, {
    expected: 'an address such as alerts@example.com or Tidemark <alerts@example.com>',
    about: 'Sender of e-mails. Needed with `SMTP_URL`.',
  }),
  pagerdutyUrl: setting('PAGERDUTY_URL', httpUrl, {
    expected: 'an http or https URL',
    about:
      "Where events for PagerDuty go, for proxies and tests. Unset: PagerDuty's own, by region.",
  }),
} as const;
