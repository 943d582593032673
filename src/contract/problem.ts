import { ERROR_CODES, type ErrorCode } from './error-codes.ts';

/** RFC 9457 problem document, with our stable `code`. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly hint?: string;
}

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

export function problem(code: ErrorCode, detail: string, hint?: string): Problem {
  const entry: { meaning: string; remedy: string; status?: number } = ERROR_CODES[code];
  return {
    type: `urn:nervesys:error:${code}`,
    title: entry.meaning,
    status: entry.status ?? 500,
    detail,
    code,
    hint: hint ?? entry.remedy,
  };
}
