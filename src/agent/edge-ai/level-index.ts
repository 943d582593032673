import { LEVELS, type Level } from '../../contract/record.ts';

/** The place of each level, least first, for tables. */
export const LEVEL_INDEX: Readonly<Record<Level, number>> = Object.fromEntries(
  LEVELS.map((level, index) => [level, index]),
) as Record<Level, number>;
