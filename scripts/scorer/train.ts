/**
 * Trains the scorer's weights from the material in `material/` and writes them to `src/agent/edge-ai/scorer/weights.ts`.
 * The same material gives the same bytes; takes a few seconds.
 *
 *   node scripts/scorer/train.ts
 */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { DENSE_NAMES } from '../../src/agent/edge-ai/scorer/features.ts';
import type { Model } from '../../src/agent/edge-ai/scorer/model.ts';
import { fit } from './fit.ts';
import { type Example, readMaterial } from './material.ts';

const WEIGHTS_FILE = resolve(import.meta.dirname, '../../src/agent/edge-ai/scorer/weights.ts');

/** The text of `weights.ts`. */
export function train(examples: readonly Example[]): string {
  return weightsModule(fit(examples));
}

function weightsModule(model: Model): string {
  const dense = DENSE_NAMES.map((name, index) => `${name} ${model.dense[index]}`).join('\n');
  const hashed = Buffer.from(model.hashed.buffer).toString('base64');
  return `import type { WeightsText } from './model.ts';

/** Written by scripts/scorer/train.ts from the material beside it; not edited by hand. */
export const WEIGHTS: WeightsText = {
  bias: ${model.bias},
  dense: \`
${dense}
\`,
  hashedScale: ${model.hashedScale},
  hashed:
    '${hashed}',
};
`;
}

if (import.meta.main) {
  const examples = readMaterial();
  writeFileSync(WEIGHTS_FILE, train(examples));
  console.log(
    `${examples.length} examples, ${examples.filter(({ label }) => label === 'alert').length} of them alerts`,
  );
}
