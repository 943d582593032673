/** `node tests/support/triage-sets/write.ts DIR`: the invented systems as files, for `nervesys triage eval DIR`. */
import { writeSets } from './write-sets.ts';

const [directory] = process.argv.slice(2);
if (directory === undefined) {
  console.error('usage: node tests/support/triage-sets/write.ts DIR');
  process.exit(2);
}
writeSets(directory);
