import { coordination } from './systems/coordination.ts';
import { database } from './systems/database.ts';
import { host } from './systems/host.ts';
import { nodeAgent } from './systems/node-agent.ts';
import { steps } from './systems/steps.ts';
import { stream } from './systems/stream.ts';
import { supercomputer } from './systems/supercomputer.ts';
import type { System } from './system.ts';
import { web } from './systems/web.ts';

/** Invented systems of many worlds. None was looked at while the triage was made: they tell how it does with what it has never seen. */
export const SYSTEMS: readonly System[] = [
  supercomputer,
  host,
  coordination,
  steps,
  stream,
  database,
  nodeAgent,
  web,
];
