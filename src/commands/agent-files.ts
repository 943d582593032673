import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AgentFilePlaces } from '../orchestrator/index.ts';
import { packageRoot } from './settings.ts';

const BUILD_TIMEOUT_MS = 60_000;

/** Where what new servers install lies in this package. The one-file agent is built below the home where the package brings none. */
export function agentFilePlaces(home: string): AgentFilePlaces {
  const root = packageRoot();
  let building: Promise<string | undefined> | undefined;
  return {
    bundle: () => {
      const shipped = join(root, 'dist', 'nervesys-agent.cjs');
      if (existsSync(shipped)) return Promise.resolve(shipped);
      building ??= buildBundle(root, join(home, 'orchestrator', 'nervesys-agent.cjs'));
      return building;
    },
    node: process.execPath,
    unit: join(root, 'deploy', 'systemd', 'nervesys-agent.service'),
    bootstrap: join(root, 'scripts', 'agent_bootstrap.sh'),
  };
}

/**
 * In a process of its own, whose memory is given back. `undefined` where the bundler isn't installed: it is there for development, and a
 * published package brings the bundle.
 */
function buildBundle(root: string, file: string): Promise<string | undefined> {
  const script = join(root, 'scripts', 'bundle-agent.ts');
  return promisify(execFile)(process.execPath, [script, '--out', file], { timeout: BUILD_TIMEOUT_MS }).then(
    () => file,
    () => undefined, // the answer says how to make it
  );
}
