import type { FastifyReply } from 'fastify';

/** Aborts when the caller has gone away before the whole answer: nobody waits for the rest. */
export function closedSignal(reply: { readonly raw: FastifyReply['raw'] }): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(new DOMException('the caller has gone away', 'AbortError'));
  });
  return controller.signal;
}
