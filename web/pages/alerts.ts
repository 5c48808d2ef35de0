import { listAlerts } from '../alerts/list.ts';
import { showAlert } from '../alerts/one.ts';
import type { Page } from './page.ts';

export const page: Page = {
  title: 'Alerts',
  build(root, context) {
    const [id] = context.path;
    return id === undefined ? listAlerts(root, context) : showAlert(root, id, context);
  },
};
