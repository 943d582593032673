import { spawn } from 'node:child_process';
import type { SpawnModel } from '../../agent/edge-ai/model/index.ts';
import { bareEnvironment } from '../settings.ts';

/** Starts this very program as the process that serves a model. It gets none of the secrets in the environment, and none of Node's options. */
export function spawnModel(home: string): SpawnModel {
  return () =>
    spawn(process.execPath, [process.argv[1]!, 'model', 'serve', '--home', home, '--parent', `${process.pid}`], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: bareEnvironment(),
      windowsHide: true,
    });
}
