import { Type } from '@sinclair/typebox';
import type { AgentManifest } from '../../../contract/agent-files.ts';
import type { UpgradeAnswer, UpgradeOrder, UpgradesAnswer } from '../../../contract/agent-upgrade.ts';
import type { EnrolAnswer, RotateAnswer } from '../../../contract/enrolment.ts';
import type { HeartbeatsAnswer } from '../../../contract/heartbeat.ts';
import { describe } from '../described.ts';
import { CountSchema, InstantSchema, NullableInstantSchema, NullableTextSchema, oneOf } from '../schemas.ts';

const KeySchema = Type.String({ description: "the server's own key, shown this once" });

export const EnrolAnswerSchema = describe<EnrolAnswer>()(
  'EnrolAnswer',
  Type.Object({ key: KeySchema, server: Type.String(), clock_skew_ms: Type.Optional(Type.Integer()) }),
);

export const RotateAnswerSchema = describe<RotateAnswer>()('RotateAnswer', Type.Object({ key: KeySchema }));

export const HeartbeatsAnswerSchema = describe<HeartbeatsAnswer>()(
  'HeartbeatsAnswer',
  Type.Object({
    accepted: CountSchema,
    rejected: Type.Array(Type.Object({ index: CountSchema, code: Type.String(), message: Type.String() })),
    now: InstantSchema,
    rotate_key: Type.Optional(Type.Boolean()),
    upgrade: Type.Optional(Type.Boolean()),
    config_revision: Type.Optional(Type.String()),
    triage_corrections: Type.Optional(Type.String({ description: 'tag of the corrections that hold' })),
  }),
);

const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });

export const AgentManifestSchema = describe<AgentManifest>()(
  'AgentManifest',
  Type.Object({
    version: Type.String(),
    bundle_sha256: Sha256,
    bundle_bytes: CountSchema,
    node_sha256: Sha256,
    node_bytes: CountSchema,
    node_version: Type.String(),
    node_platform: Type.String(),
    node_arch: Type.String(),
    unit_sha256: Sha256,
  }),
);

const UpgradeOrderSchema = describe<UpgradeOrder>()(
  'UpgradeOrder',
  Type.Object({ version: Type.String(), bundle_sha256: Sha256, bundle_bytes: CountSchema }),
);

export const UpgradeAnswerSchema = describe<UpgradeAnswer>()(
  'UpgradeAnswer',
  Type.Object({ order: Type.Union([UpgradeOrderSchema, Type.Null()]) }),
);

export const UpgradesAnswerSchema = describe<UpgradesAnswer>()(
  'UpgradesAnswer',
  Type.Object({
    bundle: UpgradeOrderSchema,
    halted: Type.Boolean(),
    upgrades: Type.Array(
      Type.Object({
        server: Type.String(),
        state: oneOf(['asked', 'offered', 'done', 'failed', 'refused']),
        version: Type.String(),
        bundle_sha256: Sha256,
        reason: NullableTextSchema,
        asked_by: Type.String(),
        asked_at: InstantSchema,
        finished_at: NullableInstantSchema,
      }),
    ),
  }),
);

export const AskedSchema = describe<{ readonly asked: readonly string[] }>()(
  'UpgradesAsked',
  Type.Object({ asked: Type.Array(Type.String({ description: 'a server' })) }),
);

export const CancelledSchema = describe<{ readonly cancelled: readonly string[] }>()(
  'UpgradesCancelled',
  Type.Object({ cancelled: Type.Array(Type.String({ description: 'a server' })) }),
);
