import { isTimeZone } from '../platform/zone-offset.ts';
import { parsed } from './fields.ts';

export const timeZone = parsed(
  'a time zone such as Asia/Jerusalem, UTC or +02:00',
  '^[A-Za-z0-9_+:/-]{1,64}$',
  (text) => (isTimeZone(text) ? text : undefined),
);
