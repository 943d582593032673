import { BUCKETS, DENSE_NAMES, type Features } from './features.ts';

/** What the hashed features of one line may add or take, in log odds: rare words must not outvote phrases and level. */
export const HASHED_MAX = 1.5;

/** A trained linear model: log odds = bias + dense + hashed. */
export interface Model {
  readonly bias: number;
  /** In the order of `DENSE_NAMES`. */
  readonly dense: Float64Array;
  /** One of -127…127 a bucket. */
  readonly hashed: Int8Array;
  /** What 1 in `hashed` is worth. */
  readonly hashedScale: number;
}

/** The weights as they stand in the repository. */
export interface WeightsText {
  readonly bias: number;
  /** `name weight`, one a line. */
  readonly dense: string;
  readonly hashedScale: number;
  /** Base64. */
  readonly hashed: string;
}

/** Throws where the text and the features don't fit each other: the weights were made for other features. */
export function readModel(text: WeightsText): Model {
  const dense = new Float64Array(DENSE_NAMES.length);
  const lines = text.dense.trim().split('\n');
  if (lines.length !== DENSE_NAMES.length) throw new Error(`scorer weights: ${lines.length} of ${DENSE_NAMES.length}`);
  lines.forEach((line, index) => {
    const [name, weight] = line.trim().split(' ');
    if (name !== DENSE_NAMES[index]) throw new Error(`scorer weights: ${name} instead of ${DENSE_NAMES[index]}`);
    dense[index] = Number(weight);
  });
  const bytes = Buffer.from(text.hashed, 'base64');
  if (bytes.length !== BUCKETS) throw new Error(`scorer weights: ${bytes.length} buckets of ${BUCKETS}`);
  const hashed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length).slice();
  return { bias: text.bias, dense, hashed, hashedScale: text.hashedScale };
}

/** How likely people want to be told, from 0 to 1. */
export function probability(model: Model, features: Features): number {
  const logOdds = model.bias + denseSum(model, features.dense) + hashedSum(model, features);
  return 1 / (1 + Math.exp(-logOdds));
}

function denseSum(model: Model, dense: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < dense.length; at++) sum += model.dense[at]! * dense[at]!;
  return sum;
}

function hashedSum(model: Model, { hashes, hashCount }: Features): number {
  if (hashCount === 0) return 0;
  let sum = 0;
  for (let at = 0; at < hashCount; at++) sum += model.hashed[hashes[at]!]!;
  const worth = (sum * model.hashedScale) / Math.sqrt(hashCount);
  return Math.min(HASHED_MAX, Math.max(-HASHED_MAX, worth));
}
