import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Random } from '../../platform/random.ts';
import type { OpenModel } from './model-desk.ts';

/** What only whoever starts the agent knows of models. */
export interface ModelHost {
  /** Starts a process that serves a GGUF file. */
  readonly spawn: () => ChildProcess;
  /** For a model behind an address that wants one. */
  readonly key?: string | undefined;
}

export interface ModelPlace extends ModelHost {
  readonly home: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What models have answered; it counts to what the agent keeps on disk. */
const ANSWERS_FILE = 'model-answers.ndjson';
export const MODEL_ANSWERS_BYTES_MAX = 1_000_000;

/** Opens the language model of a server. All of it is loaded with the first question: few servers have one. */
export function modelOpener({ home, ...parts }: ModelPlace): OpenModel {
  return async (settings, onAnswer) => {
    const { ModelTier, modelMetrics, modelsFolder } = await import('./model/index.ts');
    const cache = { path: join(home, 'agent', ANSWERS_FILE) };
    const tier = new ModelTier({ ...parts, settings, cache, modelsFolder: modelsFolder(home), onAnswer });
    return { tier, metrics: () => modelMetrics(tier.counts, tier.state) };
  };
}
