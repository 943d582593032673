import { Type } from '@sinclair/typebox';
import type {
  CorrectionsView,
  CorrectionView,
  MarkAnswer,
  TemplateDetail,
  TemplatesAnswer,
  TemplatesTaken,
  TemplateView,
} from '../../../contract/fleet-templates.ts';
import type { LevelCounts } from '../../../contract/record.ts';
import { type CorrectionsAnswer, TEMPLATE_MARKS, type TemplateCorrection } from '../../../contract/triage.ts';
import { describe } from '../described.ts';
import { CountSchema, InstantSchema, NullableTextSchema, oneOf } from '../schemas.ts';

export const MarkSchema = oneOf(TEMPLATE_MARKS, 'alert: always tell people; ordinary: never');

const LevelCountsSchema = describe<LevelCounts>()(
  'LevelCounts',
  Type.Object({
    DEBUG: CountSchema,
    INFO: CountSchema,
    WARN: CountSchema,
    ERROR: CountSchema,
    CRITICAL: CountSchema,
  }),
);

const view = {
  template: Type.String(),
  text: Type.String({ description: 'with <*> where its lines differ' }),
  first_seen_at: InstantSchema,
  last_seen_at: InstantSchema,
  is_alert: Type.Boolean({ description: 'what the agents think of it by themselves' }),
  score: Type.Number({ description: 'from 0 to 1; how likely people want to be told' }),
  mark: Type.Union([MarkSchema, Type.Null()]),
  level_counts: LevelCountsSchema,
};
export const TemplateViewSchema = describe<TemplateView>()('TemplateView', Type.Object(view));

export const TemplatesAnswerSchema = describe<TemplatesAnswer>()(
  'Templates',
  Type.Object({
    templates: Type.Array(TemplateViewSchema),
    since: Type.String({ description: 'the first day that is counted, UTC' }),
    next: Type.Optional(Type.String({ description: '`cursor` of the page that follows' })),
  }),
);

export const TemplatesTakenSchema = describe<TemplatesTaken>()(
  'TemplatesTaken',
  Type.Object({
    accepted: CountSchema,
    rejected: Type.Array(Type.Object({ index: CountSchema, code: Type.String(), message: Type.String() })),
    repeated: Type.Boolean({ description: 'it came before: nothing was counted' }),
    ai_work_rejected: Type.Optional(Type.Integer({ minimum: 1, description: 'entries of ai_work that were no such' })),
  }),
);

const correction = { template: Type.String(), text: Type.String(), mark: MarkSchema };
const CorrectionSchema = describe<TemplateCorrection>()('TemplateCorrection', Type.Object(correction));
export const CorrectionViewSchema = describe<CorrectionView>()(
  'CorrectionView',
  Type.Object({ ...correction, note: NullableTextSchema, marked_by: Type.String(), marked_at: InstantSchema }),
);
export const CorrectionsAnswerSchema = describe<CorrectionsAnswer>()(
  'CorrectionsAnswer',
  Type.Object({ tag: Type.String(), corrections: Type.Array(CorrectionSchema) }),
);
export const CorrectionsViewSchema = describe<CorrectionsView>()(
  'CorrectionsView',
  Type.Object({ tag: Type.String(), corrections: Type.Array(CorrectionViewSchema) }),
);

export const TemplateDetailSchema = describe<TemplateDetail>()(
  'TemplateDetail',
  Type.Object({
    ...view,
    aliases: Type.Array(Type.String()),
    related: Type.Array(Type.String({ description: 'templates that share an older id with it' })),
    correction: Type.Union([CorrectionViewSchema, Type.Null()]),
    days: Type.Array(Type.Object({ day: Type.String(), level_counts: LevelCountsSchema })),
    agents: Type.Array(Type.Object({ agent_id: Type.String(), level_counts: LevelCountsSchema })),
  }),
);

export const MarkAnswerSchema = describe<MarkAnswer>()(
  'MarkAnswer',
  Type.Object({
    correction: CorrectionViewSchema,
    resolved: Type.Array(Type.String({ description: 'an alert that was open, and is resolved by it' })),
  }),
);
