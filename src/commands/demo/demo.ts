import type { AgentId } from '../../contract/ids.ts';
import type { Clock } from '../../platform/clock.ts';
import { type HttpConnections, openConnections } from '../../platform/http-request.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';
import { systemRandom } from '../../platform/random.ts';
import type { AgentAddress } from '../connection.ts';
import { AgentDoor } from '../exec/agent-door.ts';
import { Delivery } from '../exec/delivery.ts';
import { PERSONAS } from './personas.ts';
import { SeededRandom } from './seeded-random.ts';
import { type Persona, StoryTeller } from './story.ts';

export interface DemoOptions {
  /** The lean agent's local API; its public doors are all that the demo uses. */
  readonly agentUrl: string;
  readonly socketPath?: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The same seed tells the same stories. */
  readonly seed?: number;
}

const SEED_DEFAULT = 42;
const LAST_WORDS_MS_MAX = 1_500;
/** A pretend AI agent needs no 16 MB to wait in. */
const QUEUE_BYTES_MAX = 1_000_000;

export interface Demo extends AsyncDisposable {
  /** Ends it; resolves when each AI agent has said that it stopped (or could not, in time). Safe twice. */
  close(): Promise<void>;
}

/** Starts five pretend AI agents; who starts them closes them, before the lean agent closes. */
export function startDemo(options: DemoOptions): Demo {
  const { logger } = options;
  const stop = new AbortController();
  const connections = openConnections({ connectionsMax: PERSONAS.length });
  const lives = PERSONAS.map((persona, index) =>
    live(persona, index, connections, options, stop.signal).catch((error: unknown) =>
      logger.error('demo agent failed', { agentId: persona.agentId, ...errorFields(error) }),
    ),
  );
  const close = async () => {
    stop.abort(new DOMException('the demo ends', 'AbortError'));
    await Promise.all(lives);
    connections.close();
  };
  return { close, [Symbol.asyncDispose]: close };
}

async function live(
  persona: Persona,
  index: number,
  connections: HttpConnections,
  options: DemoOptions,
  signal: AbortSignal,
): Promise<void> {
  const { clock, logger } = options;
  const address: AgentAddress = {
    url: options.agentUrl,
    ...(options.socketPath === undefined ? {} : { socketPath: options.socketPath }),
  };
  const random = new SeededRandom((options.seed ?? SEED_DEFAULT) + index * 7919);
  const story = new StoryTeller(persona, random);
  const delivery = new Delivery({
    door: new AgentDoor({ locate: () => address, connections, clock }),
    agentId: persona.agentId as AgentId,
    clock,
    random: systemRandom,
    tell: (text) => logger.warn('demo agent has trouble', { agentId: persona.agentId, trouble: text }),
    queueBytesMax: QUEUE_BYTES_MAX,
  }).start();
  delivery.setStatus({ status: 'healthy', last_action: 'started' });
  try {
    await clock.sleep(index * 120, signal); // not all in the same instant
    for (;;) {
      for (const step of persona.work(story)) {
        await clock.sleep(step.afterMs, signal);
        if (step.status !== undefined) delivery.setStatus(step.status);
        if (step.line === undefined) continue;
        const { level, action, message, context } = step.line;
        const timestamp = new Date(clock.now()).toISOString();
        delivery.add({
          json: JSON.stringify({ timestamp, level, agent_id: persona.agentId, action, message, context }),
          level,
        });
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await delivery.close({ status: 'stopped', last_action: 'the demo ended' }, LAST_WORDS_MS_MAX);
  }
}
