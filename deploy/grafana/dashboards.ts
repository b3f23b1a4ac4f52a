/** All dashboards, by the name of their file under dashboards/. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { overview } from './overview.ts';
import { privacy } from './privacy.ts';
import { runtime } from './runtime.ts';

export const DASHBOARDS: Readonly<Record<string, () => Dashboard>> = { overview, privacy, runtime };

/** The text of a dashboard's file. */
export const dashboardFile = (dashboard: Dashboard): string => `${JSON.stringify(dashboard, null, 2)}\n`;
