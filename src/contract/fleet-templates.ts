import type { LevelCounts } from './record.ts';
import type { TemplateCorrection, TemplateId, TemplateMark } from './triage.ts';

/** Answer of `POST /api/v1/templates`. What is rejected stays so: it isn't worth telling again. */
export interface TemplatesTaken {
  readonly accepted: number;
  /** `index`: in the request. */
  readonly rejected: readonly { readonly index: number; readonly code: string; readonly message: string }[];
  /** The request came before under its `id`: nothing was counted. */
  readonly repeated: boolean;
  /** How many entries of `ai_work` were no such. Absent: none. */
  readonly ai_work_rejected?: number;
}

/** The largest body of `POST /api/v1/templates`; 500 templates with some counts each are far below it. */
export const TEMPLATES_BODY_BYTES_MAX = 4 * 1024 * 1024;
/** So long a server may have been without network. What its clock dates before that, or after tomorrow, is counted on the day it is told. */
export const TEMPLATE_DAYS_BACK_MAX = 31;
/** Of one server, never told before by any: the size of a server's miner. What it has more on one day is noise, and refused. */
export const NEW_TEMPLATES_PER_SERVER_DAY_MAX = 10_000;

/** A template of the fleet. */
export interface TemplateView {
  readonly template: TemplateId;
  readonly text: string;
  /** On any server. */
  readonly first_seen_at: string;
  readonly last_seen_at: string;
  /** What the agents think of it by themselves, and how sure they are. */
  readonly is_alert: boolean;
  readonly score: number;
  /** What people said of it, or of one of its older forms; null: nothing. */
  readonly mark: TemplateMark | null;
  /** Lines on the days that were asked for. */
  readonly level_counts: LevelCounts;
}

/** `GET /api/v1/templates`, the one seen last first; with `new` the one seen first last. */
export interface TemplatesAnswer {
  readonly templates: readonly TemplateView[];
  /** The first day that is counted, UTC. */
  readonly since: string;
  /** `cursor` of the page that follows; absent: there is none. */
  readonly next?: string;
}

/** `GET /api/v1/templates/<id>`. */
export interface TemplateDetail extends TemplateView {
  /** Older ids of it. */
  readonly aliases: readonly TemplateId[];
  /** Other templates that share an older id with it: it generalised differently elsewhere. */
  readonly related: readonly TemplateId[];
  readonly correction: CorrectionView | null;
  /** Those with lines, oldest first. */
  readonly days: readonly { readonly day: string; readonly level_counts: LevelCounts }[];
  /** Those with most lines first; the first hundred. */
  readonly agents: readonly { readonly agent_id: string; readonly level_counts: LevelCounts }[];
}

/** A correction as people see it. */
export interface CorrectionView extends TemplateCorrection {
  readonly note: string | null;
  readonly marked_by: string;
  readonly marked_at: string;
}

/** `GET /api/v1/triage/corrections` for people: the newest first. */
export interface CorrectionsView {
  readonly tag: string;
  readonly corrections: readonly CorrectionView[];
}

/** Answer of `PUT /api/v1/triage/corrections/<template>` and `POST /api/v1/alerts/<id>/mark`. */
export interface MarkAnswer {
  readonly correction: CorrectionView;
  /** Ids of the alerts of this template that were open, and are resolved by it. */
  readonly resolved: readonly string[];
}
