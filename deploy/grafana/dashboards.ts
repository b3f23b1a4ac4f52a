/** All dashboards, by the name of their file under dashboards/. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { overview } from './overview.ts';
import { privacy } from './privacy.ts';
import { runtime } from './runtime.ts';

export const DASHBOARDS: Readonly<Record<string, () => Dashboard>> = { overview, privacy, runtime };

/** The builders put every link into a menu, which only the newest Grafana has, and offer nothing else. */
const NOT_A_MENU = 'inControlsMenu';

/** The text of a dashboard's file. */
export const dashboardFile = (dashboard: Dashboard): string =>
  `${JSON.stringify(dashboard, (_, value: unknown) => (value === NOT_A_MENU ? undefined : value), 2)}\n`;
