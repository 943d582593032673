// An AI agent in Node that keeps its records with the lean agent of its server.
//
//   npm install nervesys            (or the path of a checkout)
//   NERVESYS_AGENT_ID=GROK node node-logger.mjs
//
// Below `nervesys exec --agent-id GROK -- node node-logger.mjs` it needs no settings: exec says who and where.
import { createLogger } from 'nervesys/logger';

const logger = createLogger({ action: 'example', context: { version: '1.0.0' } });
void logger.status('healthy', { last_action: 'start' });

// action, message, context. Each call returns at once; records travel in batches.
logger.info('start', 'ready for work');

const review = logger.child({ pr: 512 }, { action: 'code_review' });
review.info('code_review', 'reading the change', { files: 7 });
try {
  JSON.parse('not JSON');
} catch (error) {
  review.error('code_review', 'the model answered nonsense', { error, attempt: 1 });
}

await logger.status('stopped');
await logger.close();
const { delivered, fellBack } = logger.counts;
console.log(`${delivered} records delivered, ${fellBack} on standard error`);
