/*
 * Pure readers of what the kernel tells about control groups, versions 1 and 2: what a container may use, and what it does. Fixtures in the
 * tests are from real hosts. A group of the service manager (a unit with MemoryMax=) is no container: a heartbeat tells of the host there.
 */

/** Where the figures of one resource stand: folders from the outermost group that limits us to our own. */
export interface CgroupFolders {
  readonly version: 1 | 2;
  readonly folders: readonly string[];
}

/** The resources that are read here. Version 2 has all in one folder. */
export type CgroupResource = 'memory' | 'cpu' | 'cpuacct' | 'cpuset';

/** Deeper nesting than this nobody uses; each level is read at each beat. */
const LEVELS_MAX = 8;
/** How the usual runtimes name the groups of their containers, in a part of the path. */
const CONTAINER_PART =
  /^(docker|kubepods|lxc|lxc\.payload|libpod|podman|garden|ecs|buildkit|actions_job)([.:_-]|$)|^(docker|cri-containerd|crio|libpod|nerdctl|machine|lxc)[-_.].*\.scope$|^machine\.slice$|^[0-9a-f]{64}$/;

/**
 * From `/proc/self/cgroup` (cgroups(7)) and `/proc/self/mountinfo` (proc_pid_mountinfo(5)). `undefined` where that resource has no group that
 * could be a container's: on a host itself. In a namespace of its own a container sees its group as the root of the mount.
 */
export function findCgroup(resource: CgroupResource, cgroups: string, mountinfo: string): CgroupFolders | undefined {
  const mounts = parseMounts(mountinfo);
  const v1 = mounts.find(({ type, options }) => type === 'cgroup' && options.includes(resource));
  if (v1 !== undefined) {
    const path = pathOf(cgroups, (controllers) => controllers.split(',').includes(resource));
    return path === undefined ? undefined : { version: 1, folders: foldersOf(v1, path) };
  }
  const v2 = mounts.find(({ type }) => type === 'cgroup2');
  const path = pathOf(cgroups, (controllers) => controllers === '');
  return v2 === undefined || path === undefined ? undefined : { version: 2, folders: foldersOf(v2, path) };
}

interface Mount {
  /** The part of the file system that is mounted. */
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

function parseMounts(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ');
    const [, , , root, point] = before!.split(' ');
    const [type, , options] = after?.split(' ') ?? [];
    if (root === undefined || point === undefined || type === undefined) return [];
    return [{ root: unescaped(root), point: unescaped(point), type, options: options?.split(',') ?? [] }];
  });
}

/** Of the lines `<hierarchy>:<controllers>:<path>`. */
function pathOf(cgroups: string, isWanted: (controllers: string) => boolean): string | undefined {
  for (const line of cgroups.split('\n')) {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    if (match !== null && isWanted(match[1]!)) return match[2];
  }
  return undefined;
}

/** The root of the mount, and where the path names containers below it, the groups down to the innermost of those. */
function foldersOf({ root, point }: Mount, path: string): string[] {
  // Seen from another namespace the path begins above the root; a mount of a part holds what lies below that part.
  const below = root === '/' ? path : path === root ? '/' : path.startsWith(`${root}/`) ? path.slice(root.length) : '/';
  const parts = below.split('/').filter((part) => part !== '' && part !== '..');
  const innermost = parts.findLastIndex((part) => CONTAINER_PART.test(part));
  const folders = [point];
  for (const part of parts.slice(0, innermost + 1)) folders.push(`${folders.at(-1)}/${part}`);
  return [...folders.slice(0, 1), ...folders.slice(1).slice(-(LEVELS_MAX - 1))];
}

/** What one group uses and may use, in bytes. */
export interface MemoryFigures {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

/** Texts of the files of one group; absent ones are ''. */
export interface MemoryTexts {
  readonly current: string;
  readonly limit: string;
  readonly stat: string;
  readonly swapCurrent: string;
  readonly swapLimit: string;
}

export const MEMORY_FILES: Readonly<Record<1 | 2, Readonly<Record<keyof MemoryTexts, string>>>> = {
  1: {
    current: 'memory.usage_in_bytes',
    limit: 'memory.limit_in_bytes',
    stat: 'memory.stat',
    swapCurrent: 'memory.memsw.usage_in_bytes',
    swapLimit: 'memory.memsw.limit_in_bytes',
  },
  2: {
    current: 'memory.current',
    limit: 'memory.max',
    stat: 'memory.stat',
    swapCurrent: 'memory.swap.current',
    swapLimit: 'memory.swap.max',
  },
};

/**
 * Memory of a group, where it is limited below what the host has. Files that were read and not used lately are given up before anything
 * else, so they don't count, as `docker stats` and the kubelet don't count them.
 */
export function memoryFigures(version: 1 | 2, texts: MemoryTexts, hostBytes: number): MemoryFigures | undefined {
  const limitBytes = bytesOf(texts.limit);
  const current = bytesOf(texts.current);
  if (limitBytes === undefined || current === undefined || limitBytes === 0 || limitBytes >= hostBytes)
    return undefined;
  const inactive = new RegExp(`^${version === 1 ? 'total_inactive_file' : 'inactive_file'} (\\d+)$`, 'm').exec(
    texts.stat,
  );
  return { usedBytes: Math.max(0, current - Number(inactive?.[1] ?? 0)), limitBytes };
}

/**
 * Swap of a group: `none` where it may not have any, `undefined` where it may have what the host has. Version 1 counts it together with
 * memory.
 */
export function swapFigures(version: 1 | 2, texts: MemoryTexts, hostBytes: number): MemoryFigures | 'none' | undefined {
  const [used, limit] = [bytesOf(texts.swapCurrent), bytesOf(texts.swapLimit)];
  if (used === undefined || limit === undefined) return undefined;
  const memory =
    version === 1 ? { used: bytesOf(texts.current) ?? 0, limit: bytesOf(texts.limit) ?? 0 } : { used: 0, limit: 0 };
  const limitBytes = limit - memory.limit;
  if (limitBytes <= 0) return 'none';
  if (limitBytes >= hostBytes) return undefined;
  return { usedBytes: Math.max(0, used - memory.used), limitBytes };
}

export interface CpuTexts {
  /** `cpu.max`, or `cpu.cfs_quota_us`. */
  readonly quota: string;
  /** `cpu.cfs_period_us`. */
  readonly period: string;
}

/** How many processors' time a group may use; `undefined`: it is not limited by a quota. */
export function quotaProcessors(version: 1 | 2, { quota, period }: CpuTexts): number | undefined {
  const [given, within] = version === 2 ? quota.trim().split(' ') : [quota.trim(), period.trim()];
  const [quotaUs, periodUs] = [Number(given), Number(within)];
  return quotaUs > 0 && periodUs > 0 ? quotaUs / periodUs : undefined;
}

/** Processor time that a group has used, in ms: of `cpu.stat`, or `cpuacct.usage`. */
export function cpuTimeMs(version: 1 | 2, text: string): number | undefined {
  if (version === 2) {
    const usage = /^usage_usec (\d+)$/m.exec(text);
    return usage === null ? undefined : Number(usage[1]) / 1_000;
  }
  return /^\d+\s*$/.test(text) ? Number(text) / 1_000_000 : undefined;
}

/** How many processors a list as `0-3,6` names (cpuset(7)); `undefined` where it is none. */
export function countProcessors(list: string): number | undefined {
  let count = 0;
  for (const part of list.trim().split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (match === null) return undefined;
    count += Number(match[2] ?? match[1]) - Number(match[1]) + 1;
  }
  return count;
}

/** Where the file system that holds `path` is mounted; `undefined` where that isn't told. */
export function mountPointOf(mountinfo: string, path: string): string | undefined {
  let found: string | undefined;
  for (const { point } of parseMounts(mountinfo)) {
    const holds = point === '/' || path === point || path.startsWith(`${point}/`);
    if (holds && point.length >= (found?.length ?? 0)) found = point;
  }
  return found;
}

/** `max`, and in version 1 a number beyond all memory, mean without limit. */
function bytesOf(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed === 'max') return Number.POSITIVE_INFINITY;
  return /^\d+$/.test(trimmed) ? Number(trimmed) : undefined;
}

/** Spaces and their like are octal in mountinfo. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
