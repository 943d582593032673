import type { AgentState } from '../../../contract/heartbeat.ts';
import type { Level } from '../../../contract/record.ts';

/** How something is filled. Every chart must be readable on a grey printer: lightness and pattern tell things apart, hue only helps. */
export interface Fill {
  readonly color: string;
  readonly decal?: Decal;
  readonly borderColor?: string;
}

/** A pattern, in echarts' terms. */
export interface Decal {
  readonly color: string;
  readonly symbol?: 'rect' | 'circle';
  readonly symbolSize?: number;
  readonly dashArrayX: readonly number[];
  readonly dashArrayY: readonly number[];
  readonly rotation?: number;
}

const diagonal = (color: string, rotation: number, gap: number): Decal => ({
  color,
  dashArrayX: [1, 0],
  dashArrayY: [1.2, gap],
  rotation,
});
const dots = (color: string): Decal => ({
  color,
  symbol: 'circle',
  symbolSize: 0.6,
  dashArrayX: [3, 3],
  dashArrayY: [3, 3],
});

/** Of time about which nothing is known: paper with thin hatching, never a colour that could be taken for a state. */
export const NOT_KNOWN: Fill = {
  color: '#ffffff',
  decal: diagonal('#9aa0a8', -Math.PI / 4, 4),
  borderColor: '#c3c7cc',
};

/** The worse, the darker: L* 90, 73, 56, 27. */
export const STATE_FILLS: Readonly<Record<AgentState | 'unknown', Fill>> = {
  up: { color: '#cfe6d4' },
  late: { color: '#dfae3a', decal: dots('#ffffff') },
  degraded: { color: '#c4752a', decal: diagonal('#ffe3c4', Math.PI / 4, 4) },
  down: { color: '#7d1620' },
  revoked: { color: '#f3f4f5', borderColor: '#9aa0a8' },
  retired: { color: '#f3f4f5', borderColor: '#9aa0a8' },
  unknown: NOT_KNOWN,
};
/** From the best to the worst, which is also the order of the legend. */
export const STATES_IN_ORDER = ['up', 'late', 'degraded', 'down', 'revoked', 'retired', 'unknown'] as const;

/** The worse, the darker: L* 91, 79, 64, 41, 10. */
export const LEVEL_FILLS: Readonly<Record<Level, Fill>> = {
  DEBUG: { color: '#e4e7eb' },
  INFO: { color: '#a8c8e4' },
  WARN: { color: '#d39331', decal: diagonal('#fff1d6', Math.PI / 4, 4) },
  ERROR: { color: '#ab3a30', decal: dots('#f6cfca') },
  CRITICAL: { color: '#2b0a10' },
};

export const INK = '#30343a';
export const FAINT_INK = '#5d636b';
export const GRID_LINE = '#dfe2e6';

export const BAND = '#c7d9ea';
export const MIDDLE_LINE = '#1f5a8c';
export const MOST_LINE = '#5d636b';

export const BAR = '#8fb3d1';
export const BAR_OF_PERIOD = '#1f5a8c';
