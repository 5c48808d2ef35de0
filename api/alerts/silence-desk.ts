import type { NewSilence, Silence, SilenceChange, SilenceFilter } from '../../registry/silences.ts';

/** Where silences are kept. */
export interface SilenceDesk {
  add(wanted: NewSilence): Promise<Silence>;
  change(id: number, change: SilenceChange): Promise<Silence | undefined>;
  /** Over from now on. */
  end(id: number): Promise<Silence | undefined>;
  find(id: number): Promise<Silence | undefined>;
  list(filter: SilenceFilter): Promise<readonly Silence[]>;
}
