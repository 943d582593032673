import { Type } from '@sinclair/typebox';
import type { AuditAnswer, AuditEntry, AuditHead, AuditVerdict } from '../../../contract/audit.ts';
import type { TokenAnswer, TokenView } from '../../../contract/fleet.ts';
import type { ApiKeyView } from '../../database/queries/api-keys.ts';
import type { PersonView } from '../../database/queries/people.ts';
import type { SessionView } from '../../database/queries/sessions.ts';
import { describe } from '../described.ts';
import type { Principal, Role } from '../principal.ts';
import {
  CountSchema,
  InstantSchema,
  NullableInstantSchema,
  NullableTextSchema,
  oneOf,
  RoleSchema,
} from '../schemas.ts';

export const PeopleAnswerSchema = describe<{ readonly people: readonly PersonView[] }>()(
  'PeopleAnswer',
  Type.Object({
    people: Type.Array(
      Type.Object({
        name: Type.String(),
        role: RoleSchema,
        has_password: Type.Boolean(),
        created_at: InstantSchema,
        sessions: CountSchema,
      }),
    ),
  }),
);

export const PersonAddedSchema = describe<{ readonly name: string; readonly role: Role }>()(
  'PersonAdded',
  Type.Object({ name: Type.String(), role: RoleSchema }),
);

export const SessionsAnswerSchema = describe<{ readonly sessions: readonly SessionView[] }>()(
  'SessionsAnswer',
  Type.Object({
    sessions: Type.Array(
      Type.Object({
        id: Type.String(),
        created_at: InstantSchema,
        expires_at: InstantSchema,
        address: NullableTextSchema,
      }),
    ),
  }),
);

export const PrincipalSchema = describe<Principal>()(
  'Principal',
  Type.Union([
    Type.Object({ type: Type.Literal('agent'), server: Type.String() }),
    Type.Object({ type: Type.Literal('api_key'), name: Type.String(), role: RoleSchema }),
    Type.Object({ type: Type.Literal('person'), name: Type.String(), role: RoleSchema }),
  ]),
);

export const SignInLinkSchema = Type.Object(
  { url: Type.String({ description: 'opens the page once' }), expires_at: InstantSchema },
  { title: 'SignInLink' },
);

export const ApiKeysAnswerSchema = describe<{ readonly keys: readonly ApiKeyView[] }>()(
  'ApiKeysAnswer',
  Type.Object({
    keys: Type.Array(
      Type.Object({
        id: Type.String(),
        name: Type.String(),
        role: RoleSchema,
        created_by: NullableTextSchema,
        created_at: InstantSchema,
        expires_at: NullableInstantSchema,
        state: oneOf(['open', 'expired', 'revoked']),
      }),
    ),
  }),
);

export const ApiKeyMadeSchema = Type.Object(
  {
    id: Type.String(),
    key: Type.String({ description: 'shown this once' }),
    name: Type.String(),
    role: RoleSchema,
    expires_at: NullableInstantSchema,
  },
  { title: 'ApiKeyMade' },
);

export const TokenAnswerSchema = describe<TokenAnswer>()(
  'TokenAnswer',
  Type.Object({
    id: Type.String(),
    token: Type.String({ description: 'the one string that a server joins with, shown this once' }),
    expires_at: InstantSchema,
    url: Type.Optional(Type.String()),
    fingerprint: Type.Optional(NullableTextSchema),
    bootstrap_sha256: Type.Optional(NullableTextSchema),
  }),
);

export const TokensAnswerSchema = describe<{ readonly tokens: readonly TokenView[] }>()(
  'TokensAnswer',
  Type.Object({
    tokens: Type.Array(
      Type.Object({
        id: Type.String(),
        server: NullableTextSchema,
        uses: CountSchema,
        uses_max: Type.Union([CountSchema, Type.Null({ description: 'any number' })]),
        created_by: Type.String(),
        created_at: InstantSchema,
        expires_at: InstantSchema,
        revoked_at: NullableInstantSchema,
        state: oneOf(['open', 'used', 'expired', 'revoked']),
      }),
    ),
  }),
);

const AuditEntrySchema = describe<AuditEntry>()(
  'AuditEntry',
  Type.Object({
    seq: CountSchema,
    at: InstantSchema,
    actor_type: oneOf(['person', 'api_key', 'agent', 'token', 'unknown', 'system']),
    actor: NullableTextSchema,
    action: Type.String({ description: 'token.created, sign_in.refused' }),
    subject: NullableTextSchema,
    address: NullableTextSchema,
    detail: Type.String({ description: 'JSON, as the text that was hashed' }),
    previous_sha256: Type.String(),
    sha256: Type.String(),
  }),
);

const AuditHeadSchema = describe<AuditHead>()('AuditHead', Type.Object({ seq: CountSchema, sha256: Type.String() }));

export const AuditAnswerSchema = describe<AuditAnswer>()(
  'AuditAnswer',
  Type.Object({
    entries: Type.Array(AuditEntrySchema),
    head: AuditHeadSchema,
    next: Type.Optional(CountSchema),
  }),
);

export const AuditVerdictSchema = describe<AuditVerdict>()(
  'AuditVerdict',
  Type.Object({
    ok: Type.Boolean(),
    verified: CountSchema,
    head: AuditHeadSchema,
    broken: Type.Optional(
      Type.Object({ seq: CountSchema, problem: Type.String(), entry: Type.Optional(AuditEntrySchema) }),
    ),
  }),
);
