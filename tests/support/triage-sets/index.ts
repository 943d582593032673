import type { System } from './system.ts';
import { agents } from './systems/agents.ts';
import { arena } from './systems/arena.ts';
import { boot } from './systems/boot.ts';
import { broker } from './systems/broker.ts';
import { builds } from './systems/builds.ts';
import { coordination } from './systems/coordination.ts';
import { database } from './systems/database.ts';
import { desktop } from './systems/desktop.ts';
import { filestore } from './systems/filestore.ts';
import { hebrew } from './systems/hebrew.ts';
import { host } from './systems/host.ts';
import { hypervisor } from './systems/hypervisor.ts';
import { iot } from './systems/iot.ts';
import { mail } from './systems/mail.ts';
import { nodeAgent } from './systems/node-agent.ts';
import { payments } from './systems/payments.ts';
import { resolver } from './systems/resolver.ts';
import { steps } from './systems/steps.ts';
import { storage } from './systems/storage.ts';
import { stream } from './systems/stream.ts';
import { supercomputer } from './systems/supercomputer.ts';
import { networkSwitch } from './systems/switch.ts';
import { telephony } from './systems/telephony.ts';
import { training } from './systems/training.ts';
import { turnstile } from './systems/turnstile.ts';
import { web } from './systems/web.ts';
import { windows } from './systems/windows.ts';

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
  networkSwitch,
  windows,
  storage,
  agents,
  iot,
  hebrew,
  desktop,
  builds,
  broker,
  training,
  mail,
  payments,
  telephony,
  boot,
  turnstile,
];

/** Kept back: nothing is tuned on them, so that they tell how well the triage does elsewhere. Look at their figures, not at their lines. */
export const RESERVE: readonly System[] = [hypervisor, filestore, resolver, arena];
