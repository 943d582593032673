import { parsed } from './fields.ts';

/** A time of day, in minutes after midnight. */
export const clockTime = parsed('a time of day such as "22:00"', '^([01]\\d|2[0-3]):[0-5]\\d$', (value) => {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(value);
  return match === null ? undefined : Number(match[1]) * 60 + Number(match[2]);
});
