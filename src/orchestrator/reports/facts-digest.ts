import { createHash } from 'node:crypto';
import type { AnyFacts } from '../../contract/report-facts.ts';
import type { GatheredFacts } from './facts-source.ts';

/** Not of what facts say. */
const ASIDE: ReadonlySet<string> = new Set(['version', 'gathered_at']);

/**
 * SHA-256 (hex) over what facts say, without their version and when they were gathered: facts with the same one are the same. The order of
 * keys is of no matter, for Postgres keeps none.
 */
export function factsDigest(facts: GatheredFacts | AnyFacts): string {
  const said = Object.entries(facts).filter(([key]) => !ASIDE.has(key));
  return createHash('sha256')
    .update(JSON.stringify(said.map(([key, value]) => [key, inOrder(value)]).sort(byKey)))
    .digest('hex');
}

/** Objects as lists of their entries: so that no key, `__proto__` neither, is more than a name. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return { of: entries.map(([key, one]) => [key, inOrder(one)]).sort(byKey) };
}

function byKey([a]: unknown[], [b]: unknown[]): number {
  return String(a) < String(b) ? -1 : 1;
}
