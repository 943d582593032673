import { Scorer } from '../../agent/edge-ai/scorer/scorer.ts';
import { NervesysError } from '../../platform/errors.ts';
import { type Prediction, predict } from './predict.ts';
import { type Scores, type Summary, scoreSystem, summarise } from './scores.ts';
import { findSystems, readTriageSet } from './triage-set.ts';

export interface EvaluatedSystem {
  readonly system: string;
  readonly lines: number;
  /** Where the set says what is true. */
  readonly scores: Scores | undefined;
}

export interface Evaluation {
  readonly raw: boolean;
  readonly systems: readonly EvaluatedSystem[];
  /** Of the systems with scores, if there are any. */
  readonly summary: Summary | undefined;
}

export interface EvaluateOptions {
  readonly folder: string;
  readonly raw: boolean;
  /** Hears each system's predictions once they are made. */
  readonly onSystem?: (system: string, predictions: readonly Prediction[]) => void;
  /** From 0 to 1. */
  readonly onProgress?: (system: string, part: number) => void;
}

/** Runs the triage over every system of a folder, each with a miner of its own and all with the same settings. */
export async function evaluate({ folder, raw, onSystem, onProgress }: EvaluateOptions): Promise<Evaluation> {
  const names = findSystems(folder);
  if (names.length === 0) {
    throw new NervesysError('NSV_SETTING_INVALID', `${folder} holds no set`, {
      hint: 'a set is a folder SYSTEM with SYSTEM_2k.log, SYSTEM_2k.structured.csv or both in it',
    });
  }
  const scorer = new Scorer();
  const systems: EvaluatedSystem[] = [];
  for (const [index, system] of names.entries()) {
    onProgress?.(system, index / names.length);
    const { given, truth } = readTriageSet(folder, system, raw);
    const predictions = predict(given, scorer);
    onSystem?.(system, predictions);
    const scores = truth === undefined ? undefined : scoreSystem(truth, predictions);
    systems.push({ system, lines: given.length, scores });
  }
  const scores = systems.flatMap((system) => (system.scores === undefined ? [] : [system.scores]));
  return { raw, systems, summary: scores.length === 0 ? undefined : summarise(scores) };
}
