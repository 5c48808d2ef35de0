import type { Previewed, PreviewRange } from '../../core/alert-preview.ts';
import type { Alert } from '../../registry/alerts.ts';

export type PreviewAsked = Pick<Alert, 'kind' | 'spec' | 'windowMs'> & PreviewRange;

/**
 * How often an alert would have been told, on stored data, by what its task does.
 * @throws TidemarkError `invalid` for what would take too long, with how to ask for less
 */
export type AlertPreview = (asked: PreviewAsked) => Promise<Previewed>;
