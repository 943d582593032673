import type { Config } from './config.ts';

/**
 * The defaults, as with no file at all. The one-file agent has them ready-made (`scripts/bundle-agent.ts`): to make them takes every schema there
 * is, and an agent that is served its configuration needs none of those.
 */
export async function builtInConfig(): Promise<Config> {
  const { checkConfigTexts } = await import('./load-config.ts');
  return (await checkConfigTexts(new Map())).config!;
}
