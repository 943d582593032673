import type { ServerResponse } from 'node:http';
import { NervesysError } from '../../platform/errors.ts';
import type { FleetEvent } from '../fleet/event-hub.ts';
import type { App, ServerDeps } from './app.ts';
import { requirePerson } from './principal.ts';
import { textAnswer } from './schemas.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

/** Each stream costs a socket and a few KB; past it the answer is 503. */
const STREAMS_MAX = 500;
/** A reader that is this far behind is cut off; it reconnects and fetches the fleet anew. */
const UNSENT_BYTES_MAX = 1024 * 1024;
/** Below the idle bound of common proxies, and how soon a sign-out ends a stream. */
const PING_MS = 15_000;
const RECONNECT_MS = 2_000;

/** What happens, live (server-sent events): `fleet`, `server`, `alert`. Fetch `GET /fleet` after each (re)connect. */
export function eventsRoutes(app: App, deps: ServerDeps): void {
  const { hub, clock, authenticator, closing, metrics } = deps;
  let streams = 0;
  metrics.gauge('nervesys_event_streams', () => streams);

  app.get(
    '/api/v1/events',
    {
      config: { held: true },
      onRequest: requirePerson,
      schema: {
        tags: ['fleet'],
        summary:
          'Live events: fleet (a FleetAgent), server (a FleetServer), alert (an AlertView), config (a FleetConfig)',
        response: { 200: textAnswer('text/event-stream', 'Server-sent events, until the reader leaves') },
      },
    },
    async (request, reply) => {
      if (streams >= STREAMS_MAX)
        throw new NervesysError('NSV_SHUTTING_DOWN', `${STREAMS_MAX} live streams are open already`, {
          retryable: true,
        });
      reply.hijack(); // from here on the answer is ours
      streams++;
      const ended = new AbortController();
      const response = reply.raw;
      const end = () => ended.abort();
      response.once('close', end);
      closing.addEventListener('abort', end, { once: true });
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'x-accel-buffering': 'no', // nginx would hold events back
        ...SECURITY_HEADERS,
      });
      response.write(`retry: ${RECONNECT_MS}\n\n`);
      const subscription = hub.subscribe((event) => {
        if (send(response, event)) return;
        metrics.add('nervesys_event_streams_cut_total', {});
        end();
      });
      const gap = hub.onGap(end); // the page comes back, and fetches what it has missed
      try {
        while (!ended.signal.aborted) {
          await clock.sleep(PING_MS, ended.signal);
          // A session that was ended, or a key that was taken away, hears no more.
          if ((await authenticator.authenticate(request)) === null) break;
          response.write(': ping\n\n');
        }
      } catch {
        // the reader left, we are closing, or the key is not good any more: the stream ends either way
      } finally {
        gap[Symbol.dispose]();
        subscription[Symbol.dispose]();
        closing.removeEventListener('abort', end);
        response.off('close', end);
        response.end();
        streams--;
      }
    },
  );
}

function send(response: ServerResponse, event: FleetEvent): boolean {
  if (response.writableLength > UNSENT_BYTES_MAX) {
    response.destroy();
    return false;
  }
  response.write(`event: ${event.type}\ndata: ${JSON.stringify(event.data)}\n\n`);
  return true;
}
