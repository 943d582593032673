/** A program for `nervesys exec`: prints numbered lines until it is told to end, then notes how many: `node numbered-lines.ts NOTE`. */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../support/random.ts';
import { noise } from './noise.ts';

const [note] = process.argv.slice(2) as [string];
const random = seededRandom(1);
let asked = false;
process.on('SIGTERM', () => {
  asked = true;
});
let lines = 0;
while (!asked) {
  process.stdout.write(`line ${++lines} ${noise(random, 100)}\n`);
  await sleep(5);
}
writeFileSync(note, String(lines));
