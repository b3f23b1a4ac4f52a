import { reap } from './run-dir.ts';

// Started by the watchdog of a run directory when the directory's owner is gone.
const path = process.argv[2];
if (path !== undefined) reap(path);
