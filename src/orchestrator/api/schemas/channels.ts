import { Type } from '@sinclair/typebox';
import type { ChannelsAnswer, ChannelTested, ChannelView } from '../../../contract/channels.ts';
import { describe } from '../described.ts';
import { CountSchema, NullableInstantSchema, NullableTextSchema, oneOf } from '../schemas.ts';

const ChannelViewSchema = describe<ChannelView>()(
  'ChannelView',
  Type.Object({
    name: Type.String(),
    type: Type.String(),
    target: NullableTextSchema,
    lang: oneOf(['en', 'he']),
    time_zone: Type.String(),
    severity: Type.String(),
    resolved: Type.Boolean(),
    state: oneOf(['ready', 'unconfigured']),
    problem: NullableTextSchema,
    hint: NullableTextSchema,
  }),
);

export const ChannelsAnswerSchema = describe<ChannelsAnswer>()(
  'ChannelsAnswer',
  Type.Object({
    channels: Type.Array(ChannelViewSchema),
    dead_man: Type.Union([Type.Object({ pinged_at: NullableInstantSchema, problem: NullableTextSchema }), Type.Null()]),
  }),
);

export const ChannelTestedSchema = describe<ChannelTested>()(
  'ChannelTested',
  Type.Object({ name: Type.String(), type: Type.String(), provider_id: NullableTextSchema, took_ms: CountSchema }),
);
