import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CgroupFolders,
  type CgroupResource,
  countProcessors,
  cpuTimeMs,
  findCgroup,
  MEMORY_FILES,
  type MemoryTexts,
  memoryFigures,
  quotaProcessors,
  swapFigures,
} from './cgroup-figures.ts';
import { percent } from './host-figures.ts';

/** What holds in the place of the host's figures where a container is limited. */
export interface ContainerMemory {
  readonly ramPercent: number | undefined;
  /** `none`: it may have none, whatever the host has. */
  readonly swapPercent: number | 'none' | undefined;
}

/** Processor time that a group has used, against what it may use. */
export interface GroupCpu {
  readonly folder: string;
  readonly usedMs: number;
  readonly processors: number;
}

export interface ContainerVitalsOptions {
  readonly procFolder: string;
  /** Stands before the folders that the kernel names; for tests. */
  readonly root?: string | undefined;
}

/** Reads the control groups of this process. Which ones they are is looked up once; their limits each time, since they may be changed. */
export class ContainerVitals {
  readonly #root: string;
  readonly #groups: ReadonlyMap<CgroupResource, CgroupFolders>;

  private constructor(root: string, groups: ReadonlyMap<CgroupResource, CgroupFolders>) {
    this.#root = root;
    this.#groups = groups;
  }

  /** `undefined` where there are no control groups. */
  static open({ procFolder, root = '/' }: ContainerVitalsOptions): ContainerVitals | undefined {
    const cgroups = readKernelFile(join(procFolder, 'self', 'cgroup'));
    const mountinfo = readKernelFile(join(procFolder, 'self', 'mountinfo'));
    const groups = new Map<CgroupResource, CgroupFolders>();
    for (const resource of ['memory', 'cpu', 'cpuacct', 'cpuset'] as const) {
      const found = findCgroup(resource, cgroups, mountinfo);
      if (found !== undefined) groups.set(resource, found);
    }
    return groups.size === 0 ? undefined : new ContainerVitals(root, groups);
  }

  /** Of several groups around each other the one that is fullest: it is where an allocation fails first. */
  memory(host: { readonly ramBytes: number; readonly swapBytes: number }): ContainerMemory {
    const group = this.#groups.get('memory');
    let ramPercent: number | undefined;
    let swapPercent: number | 'none' | undefined;
    for (const folder of group?.folders ?? []) {
      const { version } = group!;
      const texts = this.#memoryTexts(version, folder);
      const ram = memoryFigures(version, texts, host.ramBytes);
      if (ram !== undefined) ramPercent = Math.max(ramPercent ?? 0, percent(ram.usedBytes, ram.limitBytes));
      const swap = swapFigures(version, texts, host.swapBytes);
      if (swap === 'none') swapPercent = 'none';
      else if (swap !== undefined && swapPercent !== 'none')
        swapPercent = Math.max(swapPercent ?? 0, percent(swap.usedBytes, swap.limitBytes));
    }
    return { ramPercent, swapPercent };
  }

  /** The groups that may use less than all `hostProcessors`; none: this isn't a limited container. */
  cpu(hostProcessors: number): GroupCpu[] {
    const found: GroupCpu[] = [];
    const group = this.#groups.get('cpu');
    const { version = 2, folders = [] } = group ?? {};
    for (const [index, folder] of folders.entries()) {
      const quota = this.#read(folder, version === 2 ? 'cpu.max' : 'cpu.cfs_quota_us');
      const period = version === 2 ? '' : this.#read(folder, 'cpu.cfs_period_us');
      const effective = this.#readOf(
        'cpuset',
        index,
        version === 2 ? 'cpuset.cpus.effective' : 'cpuset.effective_cpus',
      );
      const allowed = effective === '' ? this.#readOf('cpuset', index, 'cpuset.cpus') : '';
      const processors = Math.min(
        quotaProcessors(version, { quota, period }) ?? hostProcessors,
        countProcessors(effective) ?? countProcessors(allowed) ?? hostProcessors,
      );
      if (processors >= hostProcessors) continue;
      const usage = version === 2 ? this.#read(folder, 'cpu.stat') : this.#readOf('cpuacct', index, 'cpuacct.usage');
      const usedMs = cpuTimeMs(version, usage);
      if (usedMs !== undefined) found.push({ folder, usedMs, processors });
    }
    return found;
  }

  #memoryTexts(version: 1 | 2, folder: string): MemoryTexts {
    const files = MEMORY_FILES[version];
    return {
      current: this.#read(folder, files.current),
      limit: this.#read(folder, files.limit),
      stat: this.#read(folder, files.stat),
      swapCurrent: this.#read(folder, files.swapCurrent),
      swapLimit: this.#read(folder, files.swapLimit),
    };
  }

  /** A file of the group of another resource at the same depth. */
  #readOf(resource: CgroupResource, depth: number, name: string): string {
    const folder = this.#groups.get(resource)?.folders[depth];
    return folder === undefined ? '' : this.#read(folder, name);
  }

  #read(folder: string, name: string): string {
    return readKernelFile(join(this.#root, folder, name));
  }
}

/** What the kernel itself answers, from memory: the thread pool would cost more than the reading. '' where it isn't there. */
export function readKernelFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // not Linux, or another kind of group
  }
}
