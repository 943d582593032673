import type { ConfigSource } from './config.ts';
import { described, duration, group, oneOf, type Read, withDefault } from './fields.ts';
import { branchName, repositoryAddress, repositoryPath, signedBy } from './git-section.ts';
import { type FileComplaints, type Located, positionOf } from './located.ts';

const fields = {
  source: described(
    oneOf('orchestrator', 'git', 'folder'),
    'orchestrator: what it serves; git: the repository below, followed by this server itself; folder: these very files. Left out: the orchestrator, unless somebody has written settings files here.',
  ),
  repository: described(
    repositoryAddress,
    'With source: git, the repository. What opens it comes from the environment (NERVESYS_GIT_*).',
  ),
  branch: withDefault(branchName, 'main', 'The branch, or the tag.'),
  path: withDefault(
    repositoryPath,
    'config',
    'The folder in it that holds the settings files; / is the whole repository.',
  ),
  signed_by: signedBy,
  poll: withDefault(duration('5s', '1d'), '1m', 'How often it is looked at, give or take a tenth.'),
} as const;

/** The `config:` section of `_defaults.yaml`. Only the one below an agent's own home counts: what came from a place doesn't say where it came from. */
export const sourceSection = withDefault(
  group(fields),
  {},
  'Where the lean agent gets its configuration; only what is written below its own home counts.',
);

export function configSource({ source, repository, branch, path, poll, signed_by }: Read<typeof fields>): ConfigSource {
  return { source, repository, branch, path, pollMs: poll, signedBy: signed_by };
}

export function checkConfigSource(
  { source, repository }: ConfigSource,
  root: Located | undefined,
  complaints: FileComplaints,
): void {
  const complain = (key: string, problem: string, remedy: string) =>
    complaints.add(positionOf(root, ['config', key]), `config.${key}`, problem, remedy);
  if (source === 'git' && repository === undefined)
    complain('repository', 'is missing, and source is git', `use ${repositoryAddress.expects}`);
  if (source !== 'git' && repository !== undefined)
    complain('repository', 'is given, and source is not git', 'say source: git, or remove it');
}
