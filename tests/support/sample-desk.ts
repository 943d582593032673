/**
 * A desk of reports for tests of whoever stands on one: days, a week, a month and a day's critical alerts, made of the samples. Strict as the
 * real one: what it does not have it says in the same words.
 */
import { createHash } from 'node:crypto';
import type { AnyFacts, TrafficLight } from '../../src/contract/report-facts.ts';
import {
  REPORT_LANGUAGES,
  type ReportDeliveryView,
  type ReportDetail,
  type ReportFormat,
  type ReportKind,
  type ReportLanguage,
  type ReportsAnswer,
  type ReportView,
  reportFormats,
  reportPath,
  type ShelfView,
} from '../../src/contract/reports.ts';
import type { ReportDesk, ReportFile } from '../../src/orchestrator/reports/report-desk.ts';
import { NervesysError } from '../../src/platform/errors.ts';
import { sampleCritical, sampleDay, samplePeriod } from './report-samples.ts';

interface Kept {
  readonly kind: ReportKind;
  readonly period: string;
  readonly facts: AnyFacts | undefined;
  state: ReportView['state'];
  error: string | null;
  /** How often it has still to be looked at until it is made. */
  looks: number;
  /** Its files are being brought to shelves, and still are at the next look. */
  isOnItsWay: boolean;
}

export const SHELVES: readonly ShelfView[] = [
  {
    name: 'folder',
    type: 'folder',
    target: '/srv/reports',
    languages: ['en', 'he'],
    state: 'ready',
    problem: null,
    hint: null,
  },
  {
    name: 'drive',
    type: 'drive',
    target: 'OWAL AI Reports',
    languages: ['en'],
    state: 'failing',
    problem: "the folder isn't there, or this credential can't see it",
    hint: 'share the folder with the service account',
  },
];

export class SampleDesk implements ReportDesk {
  /** What was asked of it that changes something. */
  readonly asked: string[] = [];
  shelves: readonly ShelfView[] = SHELVES;
  /** Periods whose making fails. */
  readonly broken = new Set<string>();
  #reports: Kept[] = [];

  constructor(kept: readonly AnyFacts[] = SampleDesk.everything()) {
    for (const facts of kept) this.#keep(facts.kind, facts.period.name, facts);
  }

  static everything(): AnyFacts[] {
    return [sampleDay('bad'), samplePeriod('weekly'), samplePeriod('monthly'), sampleCritical()];
  }

  async list(wish: {
    readonly kind?: ReportKind | undefined;
    readonly limit: number;
    readonly cursor?: string | undefined;
  }): Promise<ReportsAnswer> {
    const wanted = this.#reports.filter(({ kind }) => wish.kind === undefined || kind === wish.kind);
    const from = wanted.findIndex((one) => `${one.kind}_${one.period}` === wish.cursor) + 1;
    const page = wanted.slice(from, from + wish.limit);
    const last = page.at(-1);
    return {
      reports: page.map((one) => this.#view(one)),
      enabled: true,
      time_zone: 'Asia/Jerusalem',
      next_due: { daily: '2025-12-11T22:20:00.000Z', weekly: '2025-12-15T04:00:00.000Z' },
      shelves: this.shelves,
      ...(last !== undefined && from + wish.limit < wanted.length ? { next: `${last.kind}_${last.period}` } : {}),
    };
  }

  async detail(kind: ReportKind, period: string): Promise<ReportDetail> {
    const one = this.#find(kind, period);
    if (one.state === 'making' && --one.looks <= 0) {
      one.state = this.broken.has(period) ? 'failed' : 'ready';
      one.error = one.state === 'failed' ? 'gather facts: the database has gone away' : null;
    }
    const view = this.#view(one);
    if (view.state === 'ready') one.isOnItsWay = false;
    const versions = Array.from({ length: view.version }, (_, n) => ({
      version: n + 1,
      gathered_at: new Date(Date.parse(view.gathered_at!) - (view.version - 1 - n) * 3_600_000).toISOString(),
    }));
    return { ...view, versions };
  }

  async facts(kind: ReportKind, period: string, version?: number): Promise<AnyFacts> {
    const { facts } = this.#find(kind, period);
    if (facts === undefined || (version !== undefined && version !== facts.version)) throw notFound(kind, period);
    return facts;
  }

  async file(
    kind: ReportKind,
    period: string,
    lang: ReportLanguage,
    format: ReportFormat,
    version?: number,
  ): Promise<ReportFile> {
    const facts = await this.facts(kind, period, version);
    if (!reportFormats(kind).includes(format)) throw notFound(kind, period);
    return { ...contentOf(facts, lang, format), version: facts.version };
  }

  async make(kind: ReportKind, period: string): Promise<ReportView> {
    if (/-13|-00|-45|W99/.test(period)) throw new NervesysError('NSV_REPORT_PERIOD_INVALID', `there is no ${period}`);
    const known = this.#reports.find((one) => one.kind === kind && one.period === period);
    if (known?.state === 'making')
      throw new NervesysError('NSV_REPORT_RUNNING', `the ${kind} report of ${period} is being made already`);
    this.asked.push(`make ${kind} ${period}`);
    const one = known ?? this.#keep(kind, period, retold(kind, period));
    one.state = 'making';
    one.looks = 2;
    one.isOnItsWay = true;
    return this.#view(one);
  }

  async sendAgain(kind: ReportKind, period: string, shelf?: string, replace = false): Promise<ReportView> {
    const one = this.#find(kind, period);
    if (shelf !== undefined && !this.shelves.some(({ name }) => name === shelf))
      throw new NervesysError('NSV_SHELF_UNKNOWN', `there is no shelf ${shelf}`);
    this.asked.push(`send ${kind} ${period} ${shelf ?? 'everywhere'}${replace ? ' replace' : ''}`);
    one.isOnItsWay = true;
    return this.#view(one);
  }

  #keep(kind: ReportKind, period: string, facts: AnyFacts | undefined): Kept {
    const one: Kept = { kind, period, facts, state: 'ready', error: null, looks: 0, isOnItsWay: false };
    this.#reports = [one, ...this.#reports].sort((a, b) => (a.period < b.period ? 1 : -1));
    return one;
  }

  #find(kind: ReportKind, period: string): Kept {
    const found = this.#reports.find((one) => one.kind === kind && one.period === period);
    if (found === undefined) throw notFound(kind, period);
    return found;
  }

  #view({ kind, period, facts, state, error, isOnItsWay }: Kept): ReportView {
    const isReady = state === 'ready' && facts !== undefined;
    return {
      kind,
      period,
      time_zone: 'Asia/Jerusalem',
      state,
      version: isReady ? facts.version : 0,
      gathered_at: isReady ? facts.gathered_at : null,
      light: isReady && facts.kind !== 'critical' ? worst(facts.agents.map(({ light }) => light)) : null,
      error,
      documents: !isReady
        ? []
        : REPORT_LANGUAGES.flatMap((lang) =>
            reportFormats(kind).map((format) => {
              const { bytes, sha256 } = contentOf(facts, lang, format);
              return {
                lang,
                format,
                href: `reports/${kind}/${period}/${lang}.${format}`,
                bytes: bytes.length,
                sha256,
                rendered_at: facts.gathered_at,
                title: `${kind} ${period}`,
                summary: lang === 'he' ? '⁨GROK⁩ ירד ל־14 דקות.' : '⁨GROK⁩ was down for 14 minutes.',
              };
            }),
          ),
      deliveries: !isReady ? [] : this.shelves.flatMap((shelf) => deliveriesOf(shelf, facts, isOnItsWay)),
    };
  }
}

function deliveriesOf(shelf: ShelfView, facts: AnyFacts, isOnItsWay: boolean): ReportDeliveryView[] {
  const period = facts.period.name;
  return shelf.languages.flatMap((lang, n) =>
    reportFormats(facts.kind).map((format) => ({
      shelf: shelf.name,
      lang,
      format,
      path: reportPath(facts.kind, period, format, n === 0 ? undefined : lang),
      ...(isOnItsWay
        ? {
            state: 'waiting' as const,
            version: null,
            attempts: 1,
            due_at: facts.gathered_at,
            delivered_at: null,
            link: null,
            error: null,
            hint: null,
          }
        : shelf.name === 'folder'
          ? {
              state: 'delivered' as const,
              version: facts.version,
              attempts: 1,
              due_at: null,
              delivered_at: facts.gathered_at,
              link: null,
              error: null,
              hint: null,
            }
          : {
              state: 'failed' as const,
              version: null,
              attempts: 3,
              due_at: null,
              delivered_at: null,
              link: null,
              error: shelf.problem,
              hint: shelf.hint,
            }),
    })),
  );
}

function contentOf(facts: AnyFacts, lang: ReportLanguage, format: ReportFormat) {
  const text =
    format === 'pdf' ? pdf(`${facts.kind} ${facts.period.name} ${lang}, version ${facts.version}`) : `PK ${lang}`;
  const bytes = Buffer.from(text);
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** The smallest PDF that a viewer shows. */
function pdf(text: string): string {
  const stream = `BT /F1 24 Tf 60 740 Td (${text}) Tj ET`;
  return `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj
4 0 obj<</Length ${stream.length}>>stream
${stream}
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>
%%EOF`;
}

function retold(kind: ReportKind, period: string): AnyFacts {
  const facts = kind === 'critical' ? sampleCritical() : kind === 'daily' ? sampleDay('quiet') : samplePeriod(kind);
  return { ...facts, version: 1, period: { ...facts.period, name: period } };
}

function worst(lights: readonly TrafficLight[]): TrafficLight {
  return (['red', 'yellow', 'grey', 'green'] as const).find((one) => lights.includes(one)) ?? 'grey';
}

function notFound(kind: ReportKind, period: string): NervesysError {
  return new NervesysError('NSV_REPORT_NOT_FOUND', `there is no ${kind} report of ${period}`);
}
