import { ERROR_CODES, type ErrorCode } from '../../../contract/error-codes.ts';
import { type Problem, problem } from '../../../contract/problem.ts';
import type { NervesysError } from '../../../platform/errors.ts';

export { PROBLEM_CONTENT_TYPE } from '../../../contract/problem.ts';

/** What a client is told of an error. An unknown one is ours; one that may pass is no fault of what was sent. */
export function problemOf(error: NervesysError): Problem {
  const known = Object.hasOwn(ERROR_CODES, error.code);
  const document = problem(known ? (error.code as ErrorCode) : 'NSV_INTERNAL', error.message, error.hint);
  return document.status === 500 && error.retryable ? { ...document, status: 503 } : document;
}
