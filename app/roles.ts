/** What a process may be started for; all of them by default. */
export const roles = ['api', 'tasks', 'prices', 'scans', 'articles', 'alerts'] as const;
export type Role = (typeof roles)[number];
