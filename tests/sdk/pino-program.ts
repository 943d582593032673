/** A program that logs by pino through our transport in its worker thread, and ends by itself, or (`exit`) by `process.exit`. */
import { join } from 'node:path';
import pino from 'pino';

const [, , url, mode] = process.argv;
const target = join(import.meta.dirname, '../../src/sdk/pino.ts');
const transport = pino.transport({ target, options: { agentId: 'GROK', url, action: 'work' } });
const logger = pino({ level: 'trace', messageKey: 'text' }, transport);

logger.trace('at trace');
logger.info({ action: 'code_review', pr: 512 }, 'reviewed %s', 'a.ts');
logger.warn('שלום, not only ASCII');
logger.error(new TypeError('no such model', { cause: new Error('HTTP 404') }), 'it failed');
logger.fatal({ err: new RangeError('without words') });
for (let n = 1; n <= 300; n++) logger.child({ n }).info('counted');
if (mode === 'exit') process.exit(0);
