/** Writes dashboards/*.json anew: `node_modules/.bin/node deploy/grafana/main.ts`. */
import { writeFileSync } from 'node:fs';
import { DASHBOARDS, dashboardFile } from './dashboards.ts';

for (const [name, make] of Object.entries(DASHBOARDS)) {
  writeFileSync(new URL(`dashboards/${name}.json`, import.meta.url), dashboardFile(make()));
}
