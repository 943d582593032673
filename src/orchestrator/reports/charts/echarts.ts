import { createRequire } from 'node:module';

export type Echarts = typeof import('echarts');

let loaded: Echarts | undefined;

/**
 * The library that draws, once a process, and not where a file is merely imported. It is read from the one file that comes with it: its six
 * hundred modules take a second and 70 MB more to load than what they draw with.
 */
export function echarts(): Echarts {
  loaded ??= createRequire(import.meta.url)('echarts/dist/echarts.esm.min.mjs') as Echarts;
  return loaded;
}
