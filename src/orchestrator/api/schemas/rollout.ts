import { Type } from '@sinclair/typebox';
import type { ConfigDelivery } from '../../../contract/config-delivery.ts';
import {
  type CommitView,
  type FleetConfig,
  REVISION_STATES,
  type RevisionDetail,
  type RevisionView,
  ROLLOUT_STATES,
  type RolloutAnswer,
  type RolloutFinding,
  type RolloutView,
} from '../../../contract/rollout.ts';
import { describe } from '../described.ts';
import { CountSchema, InstantSchema, NullableInstantSchema, NullableTextSchema, oneOf } from '../schemas.ts';

const CommitSchema = describe<CommitView>()(
  'Commit',
  Type.Object({
    sha: Type.String(),
    author: Type.String(),
    subject: Type.String(),
    committed_at: InstantSchema,
    signer: NullableTextSchema,
  }),
);

const revision = {
  revision: Type.String({ description: '12 hex digits' }),
  source: oneOf(['git', 'folder']),
  state: oneOf(REVISION_STATES),
  reason: NullableTextSchema,
  found_at: InstantSchema,
  state_at: InstantSchema,
  was_everywhere: Type.Optional(Type.Boolean({ description: 'it can be gone back to at once' })),
  commit: Type.Union([CommitSchema, Type.Null()]),
};

const FindingSchema = describe<RolloutFinding>()(
  'RolloutFinding',
  Type.Object({
    sign: oneOf(['refused', 'silent', 'errors', 'losses']),
    text: Type.String(),
    servers: Type.Array(Type.String()),
  }),
);

const underWay = {
  revision: Type.String(),
  previous: Type.String(),
  state: oneOf(ROLLOUT_STATES),
  stage: Type.Integer({ minimum: 1 }),
  stages: Type.Array(Type.String(), { description: 'in words: 10%, AIGARDEN01' }),
  next_at: NullableInstantSchema,
  hold: NullableTextSchema,
};

const RolloutSchema = describe<RolloutView>()(
  'Rollout',
  Type.Object({
    id: Type.String(),
    ...underWay,
    started_at: InstantSchema,
    stage_at: InstantSchema,
    findings: Type.Array(FindingSchema),
    reason: NullableTextSchema,
    ended_by: NullableTextSchema,
    ended_at: NullableInstantSchema,
  }),
);

export const FleetConfigSchema = describe<FleetConfig>()(
  'FleetConfig',
  Type.Object({
    desired: NullableTextSchema,
    rollout: Type.Union([Type.Object(underWay), Type.Null()]),
    servers: CountSchema,
    running: Type.Array(Type.Object({ revision: NullableTextSchema, servers: CountSchema })),
    refused: Type.Array(Type.Object({ server: Type.String(), revision: NullableTextSchema, reason: Type.String() })),
    refused_more: CountSchema,
  }),
);

export const RevisionsAnswerSchema = describe<{ readonly revisions: readonly RevisionView[] }>()(
  'RevisionsAnswer',
  Type.Object({ revisions: Type.Array(Type.Object(revision)) }),
);

export const RevisionDetailSchema = describe<RevisionDetail>()(
  'RevisionDetail',
  Type.Object({
    ...revision,
    complaints: Type.Array(Type.String()),
    files: Type.Union([
      Type.Record(Type.String(), Type.String(), { description: 'path → text' }),
      Type.Null({ description: 'refused, or too old to be kept whole' }),
    ]),
    rollouts: Type.Array(RolloutSchema),
  }),
);

export const RolloutAnswerSchema = describe<RolloutAnswer>()(
  'RolloutAnswer',
  Type.Object({
    now: InstantSchema,
    config: FleetConfigSchema,
    found: Type.Optional(
      Type.Union([
        Type.Object({ revision: Type.String(), state: oneOf(REVISION_STATES), reason: NullableTextSchema }),
        Type.Null({ description: 'nothing was found yet' }),
      ]),
    ),
    rollout: Type.Union([RolloutSchema, Type.Null()]),
    servers: Type.Array(
      Type.Object({
        server: Type.String(),
        desired: NullableTextSchema,
        running: NullableTextSchema,
        error: NullableTextSchema,
      }),
    ),
  }),
);

export const ConfigDeliverySchema = describe<ConfigDelivery>()(
  'ConfigDelivery',
  Type.Object({
    format: Type.Literal(1),
    revision: Type.String(),
    config: Type.Unknown({ description: "the server's part of the configuration" }),
  }),
);
