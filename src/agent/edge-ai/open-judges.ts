export { explain } from './explanation.ts';
export { FollowUp } from './follow-up.ts';

import { Corrections } from './corrections.ts';
import { DetectorEngine } from './detectors/index.ts';
import { covers } from './miner/covers.ts';
import { TemplateMiner } from './miner/template-miner.ts';
import { Scorer } from './scorer/scorer.ts';
import type { OpenJudgesOptions } from './triage.ts';
import { TriageEngine } from './triage-engine.ts';
import type { LineScorer, Miner } from './types.ts';

/** A miner that can be kept over a restart. */
export interface KeptMiner extends Miner {
  /** To be given to the next run; of too many, those seen last. */
  stored(sizeBytesMax: number): string;
  /** How many templates had to make room for others. */
  readonly evicted: number;
}

/** What judges records. */
export interface Judges {
  readonly engine: TriageEngine;
  readonly scorer: LineScorer;
  readonly miner: KeptMiner;
  readonly corrections: Corrections;
  readonly detectors: DetectorEngine;
}

/** Loaded with the first record: an idle agent has no use for all that stands behind this. */
export async function openJudges({ config, state, clock }: OpenJudgesOptions): Promise<Judges> {
  const miner = TemplateMiner.restore((await state.read('templates')) ?? '');
  const corrections = new Corrections(covers);
  const detectors = new DetectorEngine(await state.read('detectors'), (id) => miner.find(id));
  const scorer = new Scorer();
  const engine = new TriageEngine({ miner, scorer, corrections, detectors, clock }, config);
  return { engine, scorer, miner, corrections, detectors };
}
