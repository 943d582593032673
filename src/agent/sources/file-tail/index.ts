export { FileTail, type FileTailOptions } from './file-tail.ts';
export type { TailSource } from './tailed-file.ts';
