import { createHash } from 'node:crypto';
import type { AnyFacts } from '../../contract/report-facts.ts';
import type { GatheredFacts } from './facts-source.ts';

/** Not of what facts say. */
const ASIDE: ReadonlySet<string> = new Set(['version', 'gathered_at']);

/**
 * SHA-256 (hex) over what facts say, without their version and when they were gathered: facts with the same one are the same. The order of
 * keys is of no matter, for Postgres keeps none. Of a thousand AI agents they are megabytes, so they are taken in a piece at a time.
 */
export function factsDigest(facts: GatheredFacts | AnyFacts): string {
  const hash = createHash('sha256');
  const said = Object.entries(facts).filter(([key, value]) => !ASIDE.has(key) && value !== undefined);
  for (const [key, value] of said.sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`\n${JSON.stringify(key)}:`);
    // No piece has a line break in it, so that none can be taken for two.
    if (Array.isArray(value)) for (const one of value) hash.update(`\n- ${inOrder(one)}`);
    else hash.update(inOrder(value));
  }
  return hash.digest('hex');
}

/** As JSON, with keys in order. */
function inOrder(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inOrder).join()}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const of = value as Readonly<Record<string, unknown>>;
  const keys = Object.keys(of).filter((key) => of[key] !== undefined);
  return `{${keys
    .sort()
    .map((key) => `${JSON.stringify(key)}:${inOrder(of[key])}`)
    .join()}}`;
}
