import { type AgentId, parseAgentId } from '../../../contract/ids.ts';
import type { Level } from '../../../contract/record.ts';
import { SEVERITY_LEVELS } from '../line-formats/levels.ts';
import { type TimeContext, timestampAt } from '../line-formats/timestamps.ts';

/** What a message of syslog says, under a record's names. */
export interface SyslogMessage {
  readonly level: Level;
  /** ISO 8601; absent: it gives none that can be read. */
  readonly timestamp?: string;
  /** The program, as it names itself. */
  readonly appName?: string;
  /** RFC 5424's MSGID. */
  readonly action?: string;
  readonly message: string;
  readonly context: Readonly<Record<string, unknown>>;
}

/** RFC 5424 §6.2.1. */
const FACILITIES =
  'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock local0 local1 local2 local3 local4 local5 local6 local7'.split(
    ' ',
  );
/** What RFC 3164 §4.3.3 gives a message without a priority: user, notice. */
const PRIORITY_DEFAULT = 13;
const PRIORITY_MAX = 191;
const NIL = '-';
/** Longest of the header's fields, a host name, by RFC 5424 §6. */
const FIELD_LENGTH_MAX = 255;
const TAG_LENGTH_MAX = 128;
const BOM = '\ufeff';

/**
 * Reads RFC 5424, and what goes by the name of RFC 3164. What is neither is a message as a whole: nothing is refused. Takes time
 * linear in the text.
 */
export function parseSyslog(text: string, time: TimeContext): SyslogMessage {
  const priority = /^<(\d{1,3})>/.exec(text);
  const value = priority === null ? PRIORITY_DEFAULT : Number(priority[1]);
  if (priority === null || value > PRIORITY_MAX) return legacyMessage(text, 0, PRIORITY_DEFAULT, time);
  const start = priority[0].length;
  const modern = text.startsWith('1 ', start) ? modernMessage(text, start + 2, value, time) : undefined;
  return modern ?? legacyMessage(text, start, value, time);
}

/** The AI agent of a program's name: the configured one of that name in any case, else the name itself. */
export function agentOfProgram(
  name: string | undefined,
  configured: ReadonlyMap<string, AgentId>,
): AgentId | undefined {
  if (name === undefined) return undefined;
  return configured.get(name.toLowerCase()) ?? parseAgentId(name.slice(0, 50));
}

function modernMessage(text: string, start: number, priority: number, time: TimeContext): SyslogMessage | undefined {
  const fields: string[] = [];
  let at = start;
  for (let field = 0; field < 5; field++) {
    const end = text.indexOf(' ', at);
    if (end === -1 || end === at || end - at > FIELD_LENGTH_MAX) return undefined;
    fields.push(text.slice(at, end));
    at = end + 1;
  }
  const [written = NIL, host, appName, procId, msgId] = fields;
  const found = written === NIL ? undefined : timestampAt(written, 0, true, time);
  if (written !== NIL && found?.at === undefined) return undefined;
  const data = structuredData(text, at);
  if (data === undefined) return undefined;
  const message = text.slice(data.end + 1);
  return {
    ...levelAndTime(priority, found?.at),
    ...given('appName', appName),
    ...given('action', msgId),
    message: message.startsWith(BOM) ? message.slice(1) : message,
    context: {
      facility: FACILITIES[priority >> 3],
      ...given('host', host),
      ...given('app_name', appName),
      ...given('proc_id', procId),
      ...given('msg_id', msgId),
      ...(data.elements === undefined ? {} : { structured_data: data.elements }),
    },
  };
}

interface StructuredData {
  readonly elements: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined;
  /** Index after it: a space before the message, or the end. */
  readonly end: number;
}

/** `[id name="value" …][…]` with `\"`, `\\`, `\]` in values; `undefined` when it is anything else. */
function structuredData(text: string, start: number): StructuredData | undefined {
  if (text[start] === NIL) return endsField(text, start + 1) ? { elements: undefined, end: start + 1 } : undefined;
  const elements: Record<string, Record<string, string>> = Object.create(null);
  let at = start;
  while (text[at] === '[') {
    const id = /[^ ="\]]{1,32}/y;
    id.lastIndex = at + 1;
    const name = id.exec(text)?.[0];
    if (name === undefined) return undefined;
    const params: Record<string, string> = Object.create(null);
    at += 1 + name.length;
    while (text[at] === ' ') {
      const param = /[^ ="\]]{1,32}(?==")/y;
      param.lastIndex = at + 1;
      const key = param.exec(text)?.[0];
      if (key === undefined) return undefined;
      const valueAt = at + key.length + 3;
      const end = endOfValue(text, valueAt);
      if (end === -1) return undefined;
      params[key] = text.slice(valueAt, end).replaceAll(/\\(["\\\]])/g, '$1');
      at = end + 1;
    }
    if (text[at] !== ']') return undefined;
    elements[name] = params;
    at++;
  }
  return at > start && endsField(text, at) ? { elements, end: at } : undefined;
}

function endOfValue(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at;
  }
  return -1;
}

function endsField(text: string, at: number): boolean {
  return at >= text.length || text[at] === ' ';
}

/** `Jan 15 08:00:00 host tag[pid]: text`, each part of which may be missing; the time may as well be ISO 8601. */
function legacyMessage(text: string, start: number, priority: number, time: TimeContext): SyslogMessage {
  const found = timestampAt(text, start, true, time);
  const facts = { facility: FACILITIES[priority >> 3] };
  const dated = found?.at !== undefined && (text[found.end] === ' ' || text[found.end] === ':');
  if (!dated) {
    const tag = tagAt(text, start);
    return {
      ...levelAndTime(priority, undefined),
      ...given('appName', tag?.name),
      message: text.slice(tag?.end ?? start),
      context: { ...facts, ...given('app_name', tag?.name), ...given('proc_id', tag?.pid) },
    };
  }
  let at = found.end;
  while (at < found.end + 3 && (text[at] === ' ' || text[at] === ':')) at++;
  let tag = tagAt(text, at);
  let host: string | undefined;
  if (tag === undefined) {
    const hostEnd = text.indexOf(' ', at);
    if (hostEnd !== -1 && hostEnd - at <= FIELD_LENGTH_MAX) {
      host = text.slice(at, hostEnd);
      at = hostEnd + 1;
      tag = tagAt(text, at);
    }
  }
  return {
    ...levelAndTime(priority, found.at),
    ...given('appName', tag?.name),
    message: text.slice(tag?.end ?? at),
    context: { ...facts, ...given('host', host), ...given('app_name', tag?.name), ...given('proc_id', tag?.pid) },
  };
}

const TAG = /([A-Za-z0-9_][^\s[\]:]{0,127})(?:\[([^\s[\]]{1,64})\])?: ?/y;

/** `sshd[19939]: `, `su(pam_unix)[12]: `, `app: `. */
function tagAt(
  text: string,
  at: number,
): { readonly name: string; readonly pid?: string; readonly end: number } | undefined {
  TAG.lastIndex = at;
  const match = TAG.exec(text.length > at + 2 * TAG_LENGTH_MAX ? text.slice(0, at + 2 * TAG_LENGTH_MAX) : text);
  if (match === null) return undefined;
  return { name: match[1]!, ...(match[2] === undefined ? {} : { pid: match[2] }), end: at + match[0].length };
}

function levelAndTime(priority: number, at: number | undefined): { level: Level; timestamp?: string } {
  const level = SEVERITY_LEVELS[priority % 8]!;
  return at === undefined ? { level } : { level, timestamp: new Date(at).toISOString() };
}

function given<K extends string>(key: K, value: string | undefined): { readonly [key in K]?: string } {
  return value === undefined || value === NIL || value === '' ? {} : ({ [key]: value } as { [key in K]: string });
}
