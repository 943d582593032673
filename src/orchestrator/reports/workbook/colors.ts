import type { TrafficLight } from '../../../contract/report-facts.ts';
import { LEVEL_FILLS, STATE_FILLS } from '../charts/palette.ts';

/** Of cells: light enough for dark letters on them, and unlike each other in grey. */
export const LIGHT_FILLS: Readonly<Record<TrafficLight, { readonly fill: string; readonly ink: string }>> = {
  green: { fill: 'DDF0E1', ink: '14532D' },
  yellow: { fill: 'FBE7B2', ink: '6B4300' },
  red: { fill: 'C0392B', ink: 'FFFFFF' },
  grey: { fill: 'E4E7EB', ink: '4B5563' },
};

const hex = (color: string) => color.slice(1).toUpperCase();

export const LEVEL_COLORS = Object.fromEntries(
  Object.entries(LEVEL_FILLS).map(([level, { color }]) => [level, hex(color)]),
) as Readonly<Record<keyof typeof LEVEL_FILLS, string>>;

/** What isn't known is paper white in documents, by a pattern; here, a pale grey. */
export const STATE_COLORS = {
  ...Object.fromEntries(Object.entries(STATE_FILLS).map(([state, { color }]) => [state, hex(color)])),
  unknown: 'EDEFF2',
} as Readonly<Record<keyof typeof STATE_FILLS, string>>;
