import { type TSchema, Type } from '@sinclair/typebox';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { ERROR_CODES, type ErrorCode } from '../../contract/error-codes.ts';
import { PROBLEM_CONTENT_TYPE, type Problem, problem } from '../../contract/problem.ts';
import { errorCode, NervesysError } from '../../platform/errors.ts';
import { errorFields, type Logger } from '../../platform/logger.ts';

/** The members of every problem document, `Problem` in the contract. */
export const PROBLEM_MEMBERS = {
  type: Type.String({ description: 'urn:nervesys:error:<code>' }),
  title: Type.String({ description: 'what the code means' }),
  status: Type.Integer({ minimum: 400, maximum: 599 }),
  detail: Type.String({ description: 'what was attempted, and what was found' }),
  code: Type.String({ pattern: '^NSV_[A-Z_]+$', description: 'stable; docs/ERRORS.md lists them all' }),
  hint: Type.Optional(Type.String({ description: 'what can be done about it' })),
};

export const ProblemSchema = Type.Object(PROBLEM_MEMBERS, {
  title: 'Problem',
  description: 'RFC 9457, with a stable code',
  examples: [problem('NSV_UNAUTHORIZED', 'this call needs a key or a session')],
});

/** How a route describes an answer that is a problem. */
export function problemAnswer(schema: TSchema, description: string) {
  return { description, content: { [PROBLEM_CONTENT_TYPE]: { schema } } };
}

/** Whatever a handler, a schema or fastify itself threw, as the problem document its caller gets. */
export function toProblem(error: unknown): Problem {
  if (error instanceof NervesysError) return fromNervesys(error);
  const code = errorCode(error);
  const fastifyError = error as Partial<FastifyError>;
  const detail = error instanceof Error ? error.message : String(error);
  if (fastifyError.validation !== undefined) return problem('NSV_BODY_INVALID', detail);
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return problem('NSV_BODY_TOO_LARGE', 'the request body is too large');
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return problem('NSV_BODY_TYPE', detail);
  if (isClientMistake(fastifyError.statusCode)) {
    return { ...problem('NSV_BODY_INVALID', detail), status: fastifyError.statusCode };
  }
  // Text that Postgres can't hold (NUL, broken surrogates) is the sender's mistake, wherever a route let it through.
  if (code === '22021' || code === '22P05')
    return problem('NSV_BODY_INVALID', 'text holds a character that cannot be stored');
  // The detail of an unforeseen error may name tables, paths or values: it goes to the log, not to the caller.
  return problem('NSV_INTERNAL', 'an unexpected error; the orchestrator has logged it');
}

/** Fastify's error handler: answers with the problem document and logs what is our fault. */
export function problemHandler(logger: Logger): (error: unknown, request: FastifyRequest, reply: FastifyReply) => void {
  return (error, request, reply) => {
    const answer = toProblem(error);
    if (answer.status >= 500) {
      logger.error('request failed', {
        method: request.method,
        route: request.routeOptions.url,
        ...errorFields(error),
      });
    }
    if (answer.status === 503) reply.header('retry-after', '5');
    sendProblem(reply, answer);
  };
}

/** `more`: further members, as RFC 9457 allows. */
export function sendProblem(reply: FastifyReply, answer: Problem, more: object = {}): FastifyReply {
  if (answer.status === 401) reply.header('www-authenticate', 'Bearer realm="nervesys"');
  return reply
    .code(answer.status)
    .header('content-type', PROBLEM_CONTENT_TYPE)
    .send(Buffer.from(JSON.stringify({ ...answer, ...more }))); // a string would get a charset, which this type doesn't have
}

function fromNervesys(error: NervesysError): Problem {
  if (!(error.code in ERROR_CODES)) return problem('NSV_INTERNAL', error.message);
  return problem(error.code as ErrorCode, error.message, error.hint);
}

function isClientMistake(status: number | undefined): status is number {
  return status !== undefined && status >= 400 && status < 500;
}
