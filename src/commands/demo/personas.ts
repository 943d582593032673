import type { Persona, Step, StoryTeller } from './story.ts';

const FILES = [
  'src/checkout/cart.ts',
  'src/api/orders.ts',
  'src/auth/session.ts',
  'lib/retry.go',
  'models/forecast.py',
  'infra/network.tf',
];
const REPOSITORIES = ['shop-api', 'garden-web', 'billing', 'ingest-worker'];

/** Reads pull requests; bursts with pauses between. */
const grok: Persona = {
  agentId: 'GROK',
  model: 'grok-4-fast',
  paceMs: 600,
  *work(story: StoryTeller): Generator<Step> {
    const { random } = story;
    const pullRequest = random.whole(1200, 1900);
    const repository = random.pick(REPOSITORIES);
    story.beginTask();
    yield story.say('INFO', 'plan', `review ${repository}#${pullRequest}: read the diff, run the tests, comment`, {
      repository,
    });
    for (let index = random.whole(2, 5); index > 0; index--) {
      const file = random.pick(FILES);
      yield* story.tool('read_file', file, 'ENOENT');
      yield story.llmRequest(`review of ${file}`);
      if (random.chance(0.4)) {
        yield story.say(
          'INFO',
          'code_review',
          `${file}:${random.whole(8, 400)} ${random.pick([
            'the error of the second call is swallowed',
            'this loop awaits in turn; the calls don’t depend on each other',
            'a test for the empty list is missing',
            'the name says seconds, the value is milliseconds',
          ])}`,
          { repository, file },
        );
      }
    }
    if (random.chance(0.12)) yield* story.rateLimited();
    const verdict = random.pick(['approved', 'approved', 'changes requested']);
    yield story.say('INFO', 'code_review', `${repository}#${pullRequest}: ${verdict}`, { repository, verdict });
    yield { afterMs: random.whole(1_500, 6_000) };
  },
};

/** Solves analysis tasks; long thoughts, now and then a model that does not answer in time. */
const deepseek: Persona = {
  agentId: 'DEEPSEEK',
  model: 'deepseek-reasoner',
  paceMs: 420,
  *work(story: StoryTeller): Generator<Step> {
    const { random } = story;
    story.beginTask();
    const question = random.pick([
      'why orders fell on Tuesday',
      'which servers can be merged',
      'the forecast for next week',
      'duplicate invoices',
    ]);
    yield story.say('INFO', 'plan', `analyse ${question}`, { steps: random.whole(3, 7) });
    yield* story.tool('sql_query', `select … from orders (${random.whole(200, 90_000)} rows)`, 'statement timeout');
    for (let index = random.whole(3, 7); index > 0; index--) {
      yield story.say(
        'DEBUG',
        'thought',
        random.pick([
          'the drop begins before the deploy, so the deploy is not the cause',
          'two series move together with a lag of about six hours',
          'checking whether the missing rows share a region',
          'the simple model is within 3 % of the large one; keep the simple one',
        ]),
        { tokens: random.whole(60, 900) },
      );
      if (random.chance(0.5)) yield* story.tool('python', 'run notebook cell', 'MemoryError');
    }
    if (random.chance(0.15)) {
      yield story.say(
        'ERROR',
        'llm_request',
        'deepseek-reasoner took longer than 60 s',
        { error: 'timeout', attempt: 1 },
        4,
      );
      yield story.status('degraded', 'llm_request');
      yield story.say('WARN', 'llm_request', 'trying again with a shorter context', { attempt: 2 }, 12);
      yield story.llmRequest('second attempt');
      yield story.status('healthy', 'llm_request');
    }
    yield story.llmRequest(`summary of ${question}`);
    yield story.say('INFO', 'report', `${question}: answered with ${random.whole(2, 9)} charts`);
  },
};

/** Renders images; falls silent for minutes in the middle of it, then comes back. */
const gimai: Persona = {
  agentId: 'GIMAI',
  model: 'gimai-image-2',
  paceMs: 900,
  *work(story: StoryTeller): Generator<Step> {
    const { random } = story;
    for (let scene = random.whole(4, 7); scene > 0; scene--) {
      story.beginTask();
      const subject = random.pick([
        'product photo, olive oil',
        'banner for the autumn sale',
        'map of the garden',
        'icon set, 24 px',
      ]);
      yield story.say('INFO', 'plan', `render ${subject}`);
      yield story.llmRequest('prompt for the image');
      for (let step = 20; step <= 100; step += 20) {
        yield story.say('DEBUG', 'render', `${subject}: ${step} %`, {
          step,
          gpu_memory_mb: random.whole(5_200, 7_900),
        });
      }
      yield* story.tool('upload', `${subject}.webp`, 'ECONNRESET');
      yield story.say('INFO', 'render', `${subject}: done`, { width: 2048, height: 1152 });
    }
    yield story.say('WARN', 'render', 'GPU memory is nearly full, the next model is loaded slowly', {
      gpu_memory_mb: 7_960,
    });
    yield story.status('degraded', 'render');
    const silentMs = random.whole(150_000, 300_000);
    yield {
      ...story.say(
        'WARN',
        'render',
        `back after ${Math.round(silentMs / 1000)} s without a word: the driver was slow`,
        {
          silent_ms: silentMs,
        },
      ),
      afterMs: silentMs,
    };
    yield story.status('healthy', 'render');
  },
};

/** Talks with customers; short, quick, many. */
const chatgpt: Persona = {
  agentId: 'CHATGPT',
  model: 'gpt-5-mini',
  paceMs: 380,
  *work(story: StoryTeller): Generator<Step> {
    const { random } = story;
    story.beginTask();
    const session = random.hex(8);
    const topic = random.pick(['a late delivery', 'an invoice', 'a return', 'opening hours', 'a changed address']);
    yield story.say('INFO', 'conversation', `a customer asks about ${topic}`, { session });
    for (let turn = random.whole(1, 4); turn > 0; turn--) {
      if (random.chance(0.6)) yield* story.tool('crm_lookup', `order ${random.whole(100_000, 999_999)}`, 'HTTP 503');
      yield story.llmRequest('reply');
    }
    if (random.chance(0.2)) yield* story.tool('refund', `order ${random.whole(100_000, 999_999)}`);
    if (random.chance(0.06))
      yield story.say('ERROR', 'tool_call', 'refund: invalid_tool_args, amount is negative', {
        error: 'invalid_tool_args',
        tool: 'refund',
      });
    if (random.chance(0.05)) yield* story.rateLimited();
    const solved = random.chance(0.85);
    yield story.say(solved ? 'INFO' : 'WARN', 'conversation', solved ? 'solved' : 'handed over to a person', {
      session,
      turns: random.whole(2, 9),
    });
  },
};

/** Writes code and deploys it; most deploys go well. */
const copilot: Persona = {
  agentId: 'COPILOT',
  model: 'claude-sonnet-4-5',
  paceMs: 700,
  *work(story: StoryTeller): Generator<Step> {
    const { random } = story;
    const repository = random.pick(REPOSITORIES);
    const version = `v2.${random.whole(10, 60)}.${random.whole(0, 9)}`;
    story.beginTask();
    yield story.say('INFO', 'plan', `fix ${repository}#${random.whole(200, 900)} and deploy ${version}`, {
      repository,
    });
    for (let index = random.whole(2, 4); index > 0; index--) {
      yield* story.tool('grep', random.pick(['"retryAfter"', '"TODO"', '"parseDate("']), 'invalid_tool_args');
      yield story.llmRequest('change');
      yield* story.tool('write_file', random.pick(FILES), 'permission_denied');
    }
    const failed = random.chance(0.2) ? random.whole(1, 4) : 0;
    yield* story.tool('bash', 'npm test', 'exit code 1');
    yield story.say(failed > 0 ? 'WARN' : 'INFO', 'test', `${random.whole(180, 420)} passed, ${failed} failed`, {
      repository,
      failed,
    });
    yield* story.tool('git_commit', `"${repository}: mend ${random.pick(['retries', 'dates', 'totals'])}"`);
    yield story.say('INFO', 'deploy', `${repository} ${version} to production`, { repository, version }, 3);
    if (random.chance(0.12)) {
      yield story.say(
        'CRITICAL',
        'deploy',
        `${repository} ${version}: health check failed 3 times, rolling back`,
        { repository, version, error: 'health_check_failed' },
        3,
      );
      yield story.status('critical', 'deploy');
      yield story.say('WARN', 'deploy', `${repository} runs the version before again`, { repository }, 15);
      yield story.status('healthy', 'deploy');
    } else
      yield story.say(
        'INFO',
        'deploy',
        `${repository} ${version} is live`,
        { repository, version, duration_ms: random.whole(20_000, 90_000) },
        2,
      );
    yield { afterMs: random.whole(1_000, 4_000) };
  },
};

export const PERSONAS: readonly Persona[] = [grok, deepseek, gimai, chatgpt, copilot];
