import type { AgentId } from '../../../contract/ids.ts';
import type { EncodedRecord } from '../../buffer/types.ts';
import type { TimeZone } from '../line-formats/time-zone.ts';
import { type EncodeDefaults, encodeObject } from '../record-encoder.ts';
import { agentOfProgram, parseSyslog } from './parse-message.ts';

/** Whose a message's record is, and how its times are read. */
export interface SyslogReading {
  readonly zone: TimeZone;
  /** In whose file the source stands; `undefined`: in the defaults. */
  readonly agentId: AgentId | undefined;
  readonly byAppName: boolean;
  /** The configured AI agents of this server, by their names in lower case. */
  readonly configured: ReadonlyMap<string, AgentId>;
}

/** Longer messages are cut when they are framed; a datagram can't be longer. */
export const SYSLOG_BYTES_MAX = 64 * 1024;

/** A message as it came over the wire → what is stored. `undefined` for one without any text. Never rejects. */
export function encodeSyslog(
  bytes: Buffer,
  reading: SyslogReading,
  defaults: EncodeDefaults,
): EncodedRecord | undefined {
  const text = bytes.toString('utf8').replace(/[\r\n\0]{1,8}$/, '');
  if (text.trim() === '') return undefined;
  const { level, timestamp, appName, action, message, context } = parseSyslog(text, {
    zone: reading.zone,
    now: defaults.now,
  });
  const named = reading.byAppName ? agentOfProgram(appName, reading.configured) : undefined;
  const agentId = named ?? reading.agentId;
  const truncated = bytes.length >= SYSLOG_BYTES_MAX ? { _truncated: ['message'] } : undefined;
  return encodeObject(
    {
      message: message === '' ? text : message,
      level,
      ...(timestamp === undefined ? {} : { timestamp }),
      ...(agentId === undefined ? {} : { agent_id: agentId }),
      ...(action === undefined ? {} : { action }),
      context: { ...context, ...truncated },
    },
    defaults,
  );
}
