/**
 * Exchanges the key of a home, and is killed at one of its steps: `rotating-program.ts <home> <step>`. What another process did is only
 * what is on disk and what the orchestrator knows: as after a power loss.
 */
import { readKeyFile } from '../../../src/agent/bootstrap/key-file.ts';
import { rotateKey } from '../../../src/agent/bootstrap/key-rotation.ts';
import { OrchestratorClient } from '../../../src/agent/orchestrator-client.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { silentLogger } from '../../../src/platform/logger.ts';

const [home = '', step = ''] = process.argv.slice(2);
const stored = await readKeyFile(home);
if (stored === undefined || stored === 'damaged') throw new Error('no key');
const client = new OrchestratorClient({ ...stored, clock: systemClock });
const dieAt = (here: string) => {
  if (here === step) process.kill(process.pid, 'SIGKILL');
};

await rotateKey({
  home,
  logger: silentLogger,
  client: {
    async rotateKey(signal) {
      dieAt('before');
      const key = await client.rotateKey(signal);
      dieAt('answered');
      return key;
    },
    useKey(key) {
      dieAt('written');
      client.useKey(key);
    },
  },
});
dieAt('exchanged');
await client.sendHeartbeats([]);
dieAt('used');
process.exitCode = 9; // it was to die before
