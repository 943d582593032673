export { SyslogSource, type SyslogSourceOptions } from './syslog-source.ts';
