import { Type } from '@sinclair/typebox';
import type { AnyFacts } from '../../../contract/report-facts.ts';
import {
  REPORT_FORMATS,
  REPORT_KINDS,
  REPORT_LANGUAGES,
  type ReportDeliveryView,
  type ReportDetail,
  type ReportDocumentView,
  type ReportsAnswer,
  type ReportView,
  type ShelfView,
} from '../../../contract/reports.ts';
import { describe } from '../described.ts';
import { CountSchema, InstantSchema, NullableInstantSchema, NullableTextSchema, oneOf } from '../schemas.ts';

export const ReportKindSchema = oneOf(REPORT_KINDS, 'daily, weekly, monthly or critical');
const LanguageSchema = oneOf(REPORT_LANGUAGES);
const FormatSchema = oneOf(REPORT_FORMATS);
const VersionSchema = Type.Integer({ minimum: 1, description: '1, 2, …; a later one takes in what arrived late' });

const ReportDocumentSchema = describe<ReportDocumentView>()(
  'ReportDocument',
  Type.Object({
    lang: LanguageSchema,
    format: FormatSchema,
    href: Type.String({ description: 'below /api/v1/: reports/daily/2025-12-10/en.pdf' }),
    bytes: CountSchema,
    sha256: Type.String(),
    rendered_at: InstantSchema,
    title: Type.String(),
    summary: Type.String({ description: 'its verdict in a few sentences, in its language' }),
  }),
);

const ReportDeliverySchema = describe<ReportDeliveryView>()(
  'ReportDelivery',
  Type.Object({
    shelf: Type.String(),
    lang: LanguageSchema,
    format: FormatSchema,
    path: Type.String({ description: "below the shelf's root: Daily/2025-12-10_summary.pdf" }),
    state: oneOf(
      ['waiting', 'delivered', 'failed'],
      'waiting: tried (again) at due_at; failed: given up until it is sent again or there is a new version',
    ),
    version: Type.Union([VersionSchema, Type.Null()]),
    attempts: CountSchema,
    due_at: NullableInstantSchema,
    delivered_at: NullableInstantSchema,
    link: NullableTextSchema,
    error: NullableTextSchema,
    hint: NullableTextSchema,
  }),
);

const view = {
  kind: ReportKindSchema,
  period: Type.String({ description: '2025-12-10, 2025-W50 (ISO week) or 2025-12' }),
  time_zone: Type.String(),
  state: oneOf(['making', 'ready', 'failed']),
  version: Type.Integer({ minimum: 0, description: 'the newest; 0: there is none yet' }),
  gathered_at: NullableInstantSchema,
  light: Type.Union([oneOf(['green', 'yellow', 'red', 'grey']), Type.Null()]),
  error: NullableTextSchema,
  documents: Type.Array(ReportDocumentSchema),
  deliveries: Type.Array(ReportDeliverySchema),
};
export const ReportViewSchema = describe<ReportView>()('Report', Type.Object(view));

export const ReportDetailSchema = describe<ReportDetail>()(
  'ReportDetail',
  Type.Object({
    ...view,
    versions: Type.Array(Type.Object({ version: VersionSchema, gathered_at: InstantSchema })),
  }),
);

const ShelfViewSchema = describe<ShelfView>()(
  'Shelf',
  Type.Object({
    name: Type.String(),
    type: Type.String(),
    target: NullableTextSchema,
    languages: Type.Array(LanguageSchema),
    state: oneOf(['ready', 'unconfigured', 'failing']),
    problem: NullableTextSchema,
    hint: NullableTextSchema,
  }),
);

const DueSchema = Type.Optional(InstantSchema);
export const ReportsAnswerSchema = describe<ReportsAnswer>()(
  'Reports',
  Type.Object({
    reports: Type.Array(ReportViewSchema),
    enabled: Type.Boolean({ description: 'whether reports are made by themselves' }),
    time_zone: Type.String(),
    next_due: Type.Object({ daily: DueSchema, weekly: DueSchema, monthly: DueSchema }),
    shelves: Type.Array(ShelfViewSchema),
    next: Type.Optional(Type.String({ description: '`cursor` of the page that follows' })),
  }),
);

/**
 * Facts are deep, and `src/contract/report-facts.ts` says what each of them is. Here stands what a reader needs to know that it can read
 * them: their form, and of what they are.
 */
export const ReportFactsSchema = Type.Unsafe<AnyFacts>(
  Type.Object(
    {
      form: Type.Literal(1, { description: 'of this structure; another number when a reader could be misled' }),
      kind: ReportKindSchema,
      period: Type.Object(
        { name: Type.String(), time_zone: Type.String(), starts_at: InstantSchema, ends_at: InstantSchema },
        { additionalProperties: true },
      ),
      version: VersionSchema,
      gathered_at: InstantSchema,
      gaps: Type.Array(Type.Object({ kind: Type.String() }, { additionalProperties: true }), {
        description: 'what is missing in these facts',
      }),
    },
    {
      title: 'ReportFacts',
      additionalProperties: true,
      description:
        'What a report says, in numbers: the same in the PDF, the workbook and on the page. null: not known.',
    },
  ),
);
