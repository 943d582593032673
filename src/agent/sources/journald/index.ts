export { JournaldSource, type JournaldSourceOptions } from './journald-source.ts';
