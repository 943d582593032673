import { Type } from '@sinclair/typebox';
import type { BackupsAnswer, BackupView } from '../../../contract/backup.ts';
import type { ExpiryAnswer } from '../../../contract/expiry.ts';
import { describe } from '../described.ts';
import { CountSchema, InstantSchema, NullableInstantSchema, NullableTextSchema, oneOf } from '../schemas.ts';

export const BackupViewSchema = describe<BackupView>()(
  'BackupView',
  Type.Object({
    run: Type.String(),
    day: Type.String({ description: 'local, YYYY-MM-DD' }),
    state: oneOf(['running', 'done', 'failed']),
    asked_by: NullableTextSchema,
    started_at: InstantSchema,
    finished_at: NullableInstantSchema,
    key: NullableTextSchema,
    rows: CountSchema,
    text_bytes: CountSchema,
    bytes: CountSchema,
    checked: Type.Union([oneOf(['restored', 'read']), Type.Null()]),
    error: NullableTextSchema,
  }),
);

export const BackupsAnswerSchema = describe<BackupsAnswer>()(
  'BackupsAnswer',
  Type.Object({
    now: InstantSchema,
    backups: Type.Array(BackupViewSchema),
    last_good_at: NullableInstantSchema,
    enabled: Type.Boolean(),
  }),
);

export const ExpiryAnswerSchema = describe<ExpiryAnswer>()(
  'ExpiryAnswer',
  Type.Object({
    dry_run: Type.Boolean(),
    retention_ms: CountSchema,
    before: InstantSchema,
    objects: CountSchema,
    records: CountSchema,
    bytes: CountSchema,
    servers: CountSchema,
    oldest: NullableInstantSchema,
    newest: NullableInstantSchema,
  }),
);
