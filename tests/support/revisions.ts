import { checkConfigTexts } from '../../src/config/index.ts';
import type { FoundRevision } from '../../src/orchestrator/index.ts';

/** A revision of the configuration as its folder would be found, with these files. */
export async function foundRevision(
  files: Readonly<Record<string, string>>,
  named: Partial<Pick<FoundRevision, 'source' | 'commit' | 'revision'>> = {},
): Promise<FoundRevision> {
  const { revision, source = 'folder', commit = null } = named;
  const checked = await checkConfigTexts(
    new Map(Object.entries(files).sort()),
    revision === undefined ? {} : { revision },
  );
  if (checked.config === undefined) throw new Error(JSON.stringify(checked.complaints));
  return { revision: checked.config.revision, source, commit, files, config: checked.config, refusal: undefined };
}

/** The `n`-th of a row of good revisions that differ in how long an AI agent may be silent. */
export function nthRevision(n: number, orchestrator = ''): Promise<FoundRevision> {
  return foundRevision({
    'agents/_defaults.yaml': `silent_after: ${10 + n}m\n`,
    ...(orchestrator === '' ? {} : { 'orchestrator.yaml': orchestrator }),
  });
}

/** A revision that was refused. */
export function refusedRevision(revision: string): FoundRevision {
  return {
    revision,
    source: 'folder',
    commit: null,
    files: { 'storage.yaml': 'upload: {window: 7m}\n' },
    config: undefined,
    refusal: {
      code: 'NSV_CONFIG_INVALID',
      reason: 'the configuration has a mistake',
      complaints: ['storage.yaml:1:9: upload.window is "7m"; use a length that divides an hour'],
    },
  };
}
