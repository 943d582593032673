import {
  BUCKETS,
  DENSE,
  DENSE_NAMES,
  emptyFeatures,
  extractFeatures,
} from '../../src/agent/edge-ai/scorer/features.ts';
import type { Model } from '../../src/agent/edge-ai/scorer/model.ts';
import type { Level } from '../../src/contract/record.ts';
import type { Example, Label } from './material.ts';
import { PRIOR_BIAS, priorOf } from './prior.ts';

const EPOCHS = 30;
const RATE = 0.15;
/** How strongly a dense weight is held to what is thought of it beforehand, and a hashed one to nothing. */
const DENSE_HOLD = 5e-2;
const HASHED_HOLD = 3e-3;
/** A level that the source gives is lost in every second reading: models that need it fail where there is none. */
const UNLEVELLED_WEIGHT = 0.5;

/** A borderline line should not alarm, but its words are no proof of the ordinary either. */
const TARGETS: Readonly<Record<Label, number>> = { alert: 1, ordinary: 0, borderline: 0.15 };
const WEIGHTS: Readonly<Record<Label, number>> = { alert: 1, ordinary: 1, borderline: 0.3 };

interface Row {
  readonly dense: Float64Array;
  readonly hashes: Uint16Array;
  readonly target: number;
  readonly weight: number;
}

/** Fits the model: logistic regression by gradient descent with a step of its own for each weight (Adagrad), in a fixed order. */
export function fit(examples: readonly Example[]): Model {
  const rows = examples.flatMap((example) => rowsOf(example));
  const prior = Float64Array.from(DENSE_NAMES, (name) => priorOf(name));
  const dense = prior.slice();
  const hashed = new Float64Array(BUCKETS);
  const denseSquares = new Float64Array(DENSE).fill(1);
  const hashedSquares = new Float64Array(BUCKETS).fill(0.1);
  let bias = PRIOR_BIAS;
  let biasSquares = 1;
  const order = rows.map((_, index) => index);
  const random = lehmer(20_251_210);
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    shuffle(order, random);
    for (const index of order) {
      const row = rows[index]!;
      const share = row.hashes.length > 0 ? 1 / Math.sqrt(row.hashes.length) : 0;
      let logOdds = bias;
      for (let at = 0; at < DENSE; at++) logOdds += dense[at]! * row.dense[at]!;
      for (const bucket of row.hashes) logOdds += hashed[bucket]! * share;
      const slope = (1 / (1 + Math.exp(-logOdds)) - row.target) * row.weight;
      biasSquares += slope * slope;
      bias -= (RATE / Math.sqrt(biasSquares)) * slope;
      for (let at = 0; at < DENSE; at++) {
        if (row.dense[at] === 0) continue;
        const step = slope * row.dense[at]! + DENSE_HOLD * (dense[at]! - prior[at]!);
        denseSquares[at]! += step * step;
        dense[at]! -= (RATE / Math.sqrt(denseSquares[at]!)) * step;
      }
      for (const bucket of row.hashes) {
        const step = slope * share + HASHED_HOLD * hashed[bucket]!;
        hashedSquares[bucket]! += step * step;
        hashed[bucket]! -= (RATE / Math.sqrt(hashedSquares[bucket]!)) * step;
      }
    }
  }
  return quantise(bias, dense, hashed);
}

function rowsOf({ message, level, label }: Example): Row[] {
  const rows = [rowOf(message, level, label, 1)];
  if (level !== undefined) rows.push(rowOf(message, undefined, label, UNLEVELLED_WEIGHT));
  return rows;
}

function rowOf(message: string, level: Level | undefined, label: Label, weight: number): Row {
  const features = emptyFeatures();
  extractFeatures(message, level, features);
  return {
    dense: features.dense.slice(),
    hashes: features.hashes.slice(0, features.hashCount),
    target: TARGETS[label],
    weight: weight * WEIGHTS[label],
  };
}

/** Rounds so that the text in the repository is short and gives the same model again. */
function quantise(bias: number, dense: Float64Array, hashed: Float64Array): Model {
  const largest = hashed.reduce((most, weight) => Math.max(most, Math.abs(weight)), 1e-6);
  const scale = Number((largest / 127).toPrecision(4));
  return {
    bias: round(bias),
    dense: dense.map(round),
    hashed: Int8Array.from(hashed, (weight) => Math.max(-127, Math.min(127, Math.round(weight / scale)))),
    hashedScale: scale,
  };
}

function round(weight: number): number {
  return Math.round(weight * 1_000) / 1_000 + 0;
}

/** A small fixed source of numbers from 0 to 1: training gives the same bytes each time. */
function lehmer(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

function shuffle(order: number[], random: () => number): void {
  for (let at = order.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    [order[at], order[other]] = [order[other]!, order[at]!];
  }
}
