import { spawn } from 'node:child_process';
import type { SpawnRenderer } from '../../orchestrator/reports/child-renderer.ts';
import { bareEnvironment } from '../settings.ts';

/** Of JavaScript's own objects; what WebAssembly and the typesetter take is not among them. */
const HEAP_MEGABYTES_MAX = 384;
/** What has just been made and is thrown away at once: left to itself, V8 lets it grow to 100 MB more than it gains by that. */
const YOUNG_MEGABYTES_MAX = 4;
/** Collecting and compiling beside the one thread that renders: each more takes memory of its own. */
const HELPERS = 1;

/** Starts this very program (`main`: its file) as the process that renders reports. It gets none of the secrets in the environment. */
export function spawnRenderer(main = process.argv[1]!): SpawnRenderer {
  return () =>
    spawn(
      process.execPath,
      [
        `--max-old-space-size=${HEAP_MEGABYTES_MAX}`,
        `--max-semi-space-size=${YOUNG_MEGABYTES_MAX}`,
        `--v8-pool-size=${HELPERS}`,
        main,
        'report-render',
        '--parent',
        `${process.pid}`,
      ],
      { stdio: ['pipe', 'pipe', 'pipe'], env: bareEnvironment(), windowsHide: true },
    );
}
