import { listMonitors } from '../monitors/list.ts';
import { showMonitor } from '../monitors/one.ts';
import type { Page } from './page.ts';

export const page: Page = {
  title: 'Monitors',
  build(root, context) {
    const [id] = context.path;
    return id === undefined ? listMonitors(root, context) : showMonitor(root, id, context);
  },
};
