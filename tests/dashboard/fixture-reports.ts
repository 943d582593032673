import { ERROR_CODES, type ErrorCode } from '../../src/contract/error-codes.ts';
import { problem } from '../../src/contract/problem.ts';
import {
  REPORT_MEDIA_TYPES,
  type ReportFormat,
  type ReportKind,
  type ReportLanguage,
} from '../../src/contract/reports.ts';
import { NervesysError } from '../../src/platform/errors.ts';
import type { FixtureData } from './fixture-server.ts';

interface Answer {
  readonly status: number;
  readonly value: unknown;
  /** Where it is a file. */
  readonly type?: string;
}

/** What the orchestrator answers about reports. */
export async function answerReports(
  call: string,
  query: URLSearchParams,
  body: string,
  { reports, role }: FixtureData,
): Promise<Answer> {
  const [, method, kind, period = '', rest] = /^(\w+) reports(?:\/(\w+)\/([^/]+))?(?:\/(.+))?$/.exec(call) ?? [];
  const of = kind as ReportKind;
  try {
    if (kind === undefined) {
      const wish = { kind: query.get('kind') as ReportKind | null, cursor: query.get('cursor') };
      const value = await reports.list({
        kind: wish.kind ?? undefined,
        limit: Number(query.get('limit')),
        cursor: wish.cursor ?? undefined,
      });
      return { status: 200, value };
    }
    if (method === 'GET' && rest === undefined) return { status: 200, value: await reports.detail(of, period) };
    if (rest === 'facts')
      return { status: 200, value: await reports.facts(of, period, Number(query.get('version') ?? 1)) };
    if (method === 'GET') {
      const [lang, format] = rest!.split('.') as [ReportLanguage, ReportFormat];
      const { bytes } = await reports.file(of, period, lang, format);
      return { status: 200, value: bytes, type: REPORT_MEDIA_TYPES[format] };
    }
    if (role !== 'admin') return { status: 403, value: problem('NSV_FORBIDDEN', 'for admins') };
    if (rest === 'send')
      return {
        status: 202,
        value: await reports.sendAgain(of, period, (JSON.parse(body) as { shelf?: string }).shelf),
      };
    return { status: 202, value: await reports.make(of, period) };
  } catch (error) {
    if (!(error instanceof NervesysError)) throw error;
    const code = error.code as ErrorCode;
    const { status = 500 } = ERROR_CODES[code] as { readonly status?: number };
    return { status, value: problem(code, error.message) };
  }
}
