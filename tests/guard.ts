/**
 * Loaded into each test process by `npm test`: a process that stays alive after its last test holds something open (a socket, a
 * timer, a child), so it ends as a failure that names the kind, instead of hanging.
 */
import { writeSync } from 'node:fs';
import { after } from 'node:test';

const GRACE_MS = 5_000;

after(() => {
  // Unreferenced: it fires only when something else keeps the process alive.
  setTimeout(() => {
    const open = process.getActiveResourcesInfo().filter((kind) => !['Timeout', 'PipeWrap', 'TTYWrap'].includes(kind));
    writeSync(2, `still open ${GRACE_MS / 1000} s after the last test: ${open.join(', ') || 'a timer or a pipe'}\n`);
    process.exit(1);
  }, GRACE_MS).unref();
});
