/** A program that logs and ends, each time in another way; `nervesys exec` would set who and where by environment, as the test does. */
import { createLogger } from '../../src/sdk/logger.ts';

const [, , mode] = process.argv;
const logger = createLogger({ exitTimeoutMs: 1_000 });
for (let n = 1; n <= 200; n++) logger.info('count', `record ${n}`, { n });
if (mode === 'exit') process.exit(3);
if (mode === 'throw') throw new Error('the program failed');
if (mode === 'await') {
  console.log(await logger.flush());
  await logger.close();
}
if (mode === 'idle') {
  await logger.flush();
  console.log('flushed');
}
