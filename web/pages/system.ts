import { showAudit } from '../system/audit.ts';
import { showBackfills } from '../system/backfills.ts';
import { showKeys } from '../system/keys.ts';
import { showStanding } from '../system/standing.ts';
import { pageOfParts } from './parts-of.ts';

export const page = pageOfParts({
  word: 'system',
  title: 'System',
  parts: [
    { word: '', label: 'State', build: showStanding },
    { word: 'backfills', label: 'Backfills', build: showBackfills },
    { word: 'keys', label: 'Keys', build: showKeys },
    { word: 'audit', label: 'Audit', build: showAudit },
  ],
});
