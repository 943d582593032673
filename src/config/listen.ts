import type { AgentListen } from './config.ts';
import { absolutePath, described, type Field, group, list, number, type Read, text, withDefault } from './fields.ts';
import type { FileComplaints, Located } from './located.ts';
import { showValue } from './located.ts';

const host = text({ lengthMax: 253, meaning: 'an address such as 127.0.0.1 or 172.17.0.1' });

/** Written as to chmod(1). YAML reads an unquoted 0660 as the number 660, whose digits are meant. */
const socketMode: Field<number> = {
  schema: {
    anyOf: [
      { type: 'string', pattern: '^0?[0-7]{3}$' },
      { type: 'integer', minimum: 0, maximum: 777 },
    ],
  },
  expects: "permissions such as '0660'",
  read(located: Located, path: string, complaints: FileComplaints) {
    const written = located.type === 'scalar' ? String(located.value) : '';
    if (/^0?[0-7]{3}$/.test(written)) return Number.parseInt(written, 8);
    complaints.add(located.at, path, `is ${showValue(located)}`, `use ${this.expects}`);
    return undefined;
  },
};

const fields = {
  host: withDefault(
    host,
    '127.0.0.1',
    'The address of the local API; one of a bridge, such as 172.17.0.1, is reached from containers. Who reaches it may write.',
  ),
  port: withDefault(number({ least: 1, most: 65_535, whole: true }), 4318, 'The port; --agent-port wins over it.'),
  hosts: described(
    list(host, { lengthMax: 20, of: 'names' }),
    'Further names by which programs call it, such as host.docker.internal.',
  ),
  socket: described(
    absolutePath('/run/nervesys/agent.sock'),
    'The Unix socket; left out: agent/agent.sock below the home.',
  ),
  socket_mode: withDefault(
    socketMode,
    '0600',
    'Who may use the socket, as to chmod; 0600: only the user the agent runs as.',
  ),
} as const;

/** The `listen:` section of `_defaults.yaml`. */
export const listenSection = withDefault(group(fields), {}, 'Where the lean agent takes records.');

export function agentListen({ host, port, hosts, socket, socket_mode }: Read<typeof fields>): AgentListen {
  return { host, port, hosts: hosts ?? [], socketPath: socket, socketMode: socket_mode };
}
