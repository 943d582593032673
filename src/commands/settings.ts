import { readFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { channelSecretName } from '../contract/channels.ts';
import { parseServerName, type ServerName } from '../contract/ids.ts';
import { shelfSecretName } from '../contract/reports.ts';
import { errorCode, NervesysError } from '../platform/errors.ts';

/** One environment variable that the commands read. A secret may also be given as `<NAME>_FILE`, the path of a file that holds it. */
export interface EnvironmentEntry {
  readonly name: string;
  readonly meaning: string;
  readonly secret: boolean;
  /** What holds when it is not set, in words; `null`: nothing does. */
  readonly default: string | null;
}

/** Every setting that is read from the environment, and nothing else is; `.env.example` is kept equal to this by a test. */
export const ENVIRONMENT = [
  {
    name: 'NERVESYS_HOME',
    meaning: 'Folder that holds everything Nervesys keeps on this machine.',
    secret: false,
    default: '/var/lib/nervesys for root, else ~/.local/share/nervesys',
  },
  {
    name: 'NERVESYS_SERVER',
    meaning: "This server's name: letters, digits, dot, hyphen and underscore.",
    secret: false,
    default: "the host's name",
  },
  {
    name: 'NERVESYS_TOKEN',
    meaning: 'Enrolment token from `nervesys token create`; needed once, the first time an agent starts.',
    secret: true,
    default: null,
  },
  {
    name: 'NERVESYS_DEBUG',
    meaning: '1 prints debug lines, and the stack of an error.',
    secret: false,
    default: null,
  },
  {
    name: 'STORJ_ACCESS_KEY',
    meaning: 'Access key of the S3 archive (Storj or any other). Together with the secret key it replaces the folder.',
    secret: true,
    default: null,
  },
  { name: 'STORJ_SECRET_KEY', meaning: 'Secret key of the S3 archive.', secret: true, default: null },
  {
    name: 'STORJ_BUCKET',
    meaning: 'Bucket of the S3 archive.',
    secret: false,
    default: 'as storage.yaml says: owalai-production',
  },
  {
    name: 'STORJ_ENDPOINT',
    meaning: 'Address of the S3 archive.',
    secret: false,
    default: 'as storage.yaml says: https://gateway.storjshare.io',
  },
  { name: 'STORJ_REGION', meaning: 'Region of the S3 archive.', secret: false, default: 'as storage.yaml says: eu1' },
  {
    name: 'STORJ_ACCESS_GRANT',
    meaning:
      "Access grant of Storj's bucket, for the orchestrator, with `credentials: scoped`: `uplink` makes the servers' credentials from it.",
    secret: true,
    default: 'credentials come from STS',
  },
  {
    name: 'DATABASE_URL',
    meaning: 'Postgres to use instead of the embedded one: postgres://user:password@host:5432/database.',
    secret: true,
    default: 'an embedded Postgres below the home',
  },
  {
    name: 'NERVESYS_GIT_TOKEN',
    meaning:
      'Token that opens the repository of the configuration over https (git.repository of the orchestrator, config.repository of an agent); it need only read.',
    secret: true,
    default: null,
  },
  {
    name: 'NERVESYS_GIT_SSH_KEY_FILE',
    meaning: 'Path of the private key that opens it over ssh.',
    secret: false,
    default: null,
  },
  {
    name: 'NERVESYS_GIT_KNOWN_HOSTS_FILE',
    meaning: 'Path of the known_hosts file by which its ssh server is known.',
    secret: false,
    default: null,
  },
  {
    name: 'NERVESYS_WEBHOOK_SECRET',
    meaning: 'Secret of the webhook by which GitHub or GitLab tells of a push, at /api/v1/hooks/github and /gitlab.',
    secret: true,
    default: 'there are no webhooks',
  },
  {
    name: 'NERVESYS_CHANNEL_<NAME>_SECRET',
    meaning:
      'Secret of the alert channel of that name in orchestrator.yaml, in capitals and with _ for -: the address of a Slack or Teams webhook, the token of a Telegram bot, the key of PagerDuty, a password, an ntfy token, the signing key of a webhook.',
    secret: true,
    default: 'the channel cannot be used',
  },
  {
    name: 'NERVESYS_DEAD_MAN_URL',
    meaning:
      'Address that gets a sign of life from the orchestrator each minute (dead_man in orchestrator.yaml), as of Healthchecks; with /fail behind it while it is not healthy.',
    secret: true,
    default: 'no sign of life is given',
  },
  {
    name: 'NERVESYS_SHELF_<NAME>_SECRET',
    meaning:
      'Password of the mail shelf of that name (reports.shelves in orchestrator.yaml), in capitals and with _ for -.',
    secret: true,
    default: 'the shelf cannot be used if it has a user',
  },
  {
    name: 'GOOGLE_APPLICATION_CREDENTIALS',
    meaning:
      "Path of the JSON file with Google's credential for the Drive shelves: a service account's key, or a person's consent. In Vault: its text.",
    secret: false,
    default: 'Drive shelves cannot be used',
  },
  {
    name: 'GDRIVE_FOLDER_ID',
    meaning: 'Folder or Shared Drive that gets the reports, where a Drive shelf names none: the end of its address.',
    secret: false,
    default: "the user's own Drive",
  },
  {
    name: 'NERVESYS_MODEL_KEY',
    meaning: 'Key for the language model behind an address (triage.model.url), sent as a bearer token.',
    secret: true,
    default: 'none is sent',
  },
  {
    name: 'VAULT_ADDR',
    meaning:
      'Address of a Vault (HashiCorp Vault, OpenBao) that holds STORJ_* and DATABASE_URL for the orchestrator; what is set here wins.',
    secret: false,
    default: 'no Vault is asked',
  },
  {
    name: 'VAULT_TOKEN',
    meaning: 'Token to sign in to Vault with; or an AppRole, below.',
    secret: true,
    default: null,
  },
  { name: 'VAULT_ROLE_ID', meaning: 'Role id of an AppRole to sign in to Vault with.', secret: true, default: null },
  { name: 'VAULT_SECRET_ID', meaning: 'Secret id of that AppRole.', secret: true, default: null },
  { name: 'VAULT_NAMESPACE', meaning: 'Namespace in Vault.', secret: false, default: 'the root namespace' },
  { name: 'VAULT_MOUNT', meaning: 'Where the KV engine (version 2) is mounted.', secret: false, default: 'secret' },
  {
    name: 'VAULT_PATH',
    meaning: 'The secret below the mount; its keys are named like the settings here.',
    secret: false,
    default: 'nervesys',
  },
] as const satisfies readonly EnvironmentEntry[];

export type SettingName = (typeof ENVIRONMENT)[number]['name'];
export type Environment = Readonly<Record<string, string | undefined>>;

export interface StorjSettings {
  readonly accessKey: string;
  readonly secretKey: string;
  /** Absent here and below: as `storage.yaml` says. */
  readonly bucket: string | undefined;
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
}

/** Where Vault is, and how to sign in there; as `orchestrator/secrets` wants it. */
export interface VaultPlace {
  readonly address: string;
  readonly namespace: string | undefined;
  readonly mount: string;
  readonly path: string;
  /** Reads the environment's files anew: an agent of Vault's own may have renewed them. */
  readonly login: () =>
    | { readonly type: 'token'; readonly token: string }
    | { readonly type: 'approle'; readonly roleId: string; readonly secretId: string };
}

/** The settings that Vault may hold, under these same names. */
const IN_VAULT = [
  'STORJ_ACCESS_KEY',
  'STORJ_SECRET_KEY',
  'STORJ_BUCKET',
  'STORJ_ENDPOINT',
  'STORJ_REGION',
  'STORJ_ACCESS_GRANT',
  'DATABASE_URL',
  'NERVESYS_GIT_TOKEN',
  'NERVESYS_WEBHOOK_SECRET',
  'NERVESYS_DEAD_MAN_URL',
  'GDRIVE_FOLDER_ID',
] as const satisfies readonly SettingName[];

/** The environment, read and checked once. Never log this object: it holds secrets. */
export interface Settings {
  /** Absolute. */
  readonly home: string;
  readonly server: ServerName;
  readonly token: string | undefined;
  /** `undefined`: the folder archive. */
  readonly storj: StorjSettings | undefined;
  /** Storj's access grant, from which scoped credentials are made; `undefined`: STS makes them. */
  readonly accessGrant: string | undefined;
  /** `undefined`: the embedded Postgres. */
  readonly databaseUrl: string | undefined;
  /** What opens the repository of the configuration, and its webhook. */
  readonly git: {
    readonly token: string | undefined;
    readonly sshKeyFile: string | undefined;
    readonly knownHostsFile: string | undefined;
    readonly webhookSecret: string | undefined;
  };
  /** Where the orchestrator's sign of life goes. */
  readonly deadManUrl: string | undefined;
  /** Where Drive shelves put reports that name no folder. */
  readonly driveFolderId: string | undefined;
  readonly debug: boolean;
}

/** Reads all settings; rejects the first that is not usable with `NSV_SETTING_INVALID`. `home` comes from `--home`. */
export function readSettings(
  options: { readonly home?: string | undefined } = {},
  env: Environment = process.env,
): Settings {
  return {
    home: resolveHome(options.home, env),
    server: serverName(env),
    token: readSetting('NERVESYS_TOKEN', env),
    storj: storjSettings(env),
    accessGrant: readSetting('STORJ_ACCESS_GRANT', env)?.trim(),
    databaseUrl: readSetting('DATABASE_URL', env),
    git: {
      token: readSetting('NERVESYS_GIT_TOKEN', env)?.trim(),
      sshKeyFile: readSetting('NERVESYS_GIT_SSH_KEY_FILE', env),
      knownHostsFile: readSetting('NERVESYS_GIT_KNOWN_HOSTS_FILE', env),
      webhookSecret: readSetting('NERVESYS_WEBHOOK_SECRET', env),
    },
    deadManUrl: deadManUrl(env),
    driveFolderId: driveFolderId(env),
    debug: isDebug(env),
  };
}

/** The same with what Vault holds in the place of what the environment doesn't say. */
export function readSettingsWith(
  secrets: Readonly<Record<string, string>>,
  options: { readonly home?: string | undefined } = {},
  env: Environment = process.env,
): Settings {
  const held = IN_VAULT.filter((name) => !env[name] && !env[`${name}_FILE`] && secrets[name] !== undefined);
  return readSettings(options, {
    ...env,
    VAULT_ADDR: undefined,
    ...Object.fromEntries(held.map((name) => [name, secrets[name]])),
  });
}

/** Where Vault is; `undefined` without VAULT_ADDR. Rejects with `NSV_SETTING_INVALID` what can't be used. */
export function readVaultPlace(env: Environment = process.env): VaultPlace | undefined {
  const address = readSetting('VAULT_ADDR', env);
  if (address === undefined) return undefined;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new NervesysError('NSV_SETTING_INVALID', 'VAULT_ADDR is not an http or https address', {
      hint: 'write it as https://vault.example.com:8200, without a password in it',
    });
  }
  const place = {
    address: `${url.origin}${url.pathname}`.replace(/\/+$/, ''),
    namespace: readSetting('VAULT_NAMESPACE', env),
    mount: vaultPath('VAULT_MOUNT', env) ?? 'secret',
    path: vaultPath('VAULT_PATH', env) ?? 'nervesys',
    login: () => vaultLogin(env),
  };
  place.login(); // complains now rather than at the first question
  return place;
}

function vaultPath(name: 'VAULT_MOUNT' | 'VAULT_PATH', env: Environment): string | undefined {
  const path = readSetting(name, env)?.replace(/^\/+|\/+$/g, '');
  if (path === undefined || (/^[\w.-]+(\/[\w.-]+)*$/.test(path) && !path.split('/').some((part) => /^\.+$/.test(part))))
    return path;
  throw new NervesysError('NSV_SETTING_INVALID', `${name} is not a path in Vault`, {
    hint: 'use letters, digits, dots, hyphens and underscores, divided by slashes',
  });
}

function vaultLogin(env: Environment): ReturnType<VaultPlace['login']> {
  const token = readSetting('VAULT_TOKEN', env)?.trim();
  const roleId = readSetting('VAULT_ROLE_ID', env)?.trim();
  const secretId = readSetting('VAULT_SECRET_ID', env)?.trim();
  if (token !== undefined && roleId === undefined && secretId === undefined) return { type: 'token', token };
  if (token === undefined && roleId !== undefined && secretId !== undefined)
    return { type: 'approle', roleId, secretId };
  throw new NervesysError('NSV_SETTING_INVALID', 'VAULT_ADDR is set, but not one way to sign in there', {
    hint: 'set VAULT_TOKEN, or VAULT_ROLE_ID and VAULT_SECRET_ID, each also as …_FILE; or unset VAULT_ADDR',
  });
}

/** One setting, also from its `…_FILE` where it is a secret; empty counts as not set. */
export function readSetting(name: SettingName, env: Environment = process.env): string | undefined {
  const entry: EnvironmentEntry = ENVIRONMENT.find((one) => one.name === name)!;
  return readVariable(name, entry.secret, env);
}

/** The secret of a channel: from the environment, or else from what Vault holds. Rejects with `NSV_SETTING_INVALID` what can't be read. */
export function readChannelSecret(
  channel: string,
  held: Readonly<Record<string, string>> = {},
  env: Environment = process.env,
): string | undefined {
  const name = channelSecretName(channel);
  return readVariable(name, true, env) ?? (Object.hasOwn(held, name) ? held[name] : undefined);
}

/** The same of a shelf of reports. */
export function readShelfSecret(
  shelf: string,
  held: Readonly<Record<string, string>> = {},
  env: Environment = process.env,
): string | undefined {
  const name = shelfSecretName(shelf);
  return readVariable(name, true, env) ?? (Object.hasOwn(held, name) ? held[name] : undefined);
}

/**
 * The text of the file with Google's credential, read anew each time; or else what Vault holds under the variable's name, which is the text
 * itself. Rejects with `NSV_SETTING_INVALID` what can't be read.
 */
export function readGoogleCredentials(
  held: Readonly<Record<string, string>> = {},
  env: Environment = process.env,
): string | undefined {
  const path = readSetting('GOOGLE_APPLICATION_CREDENTIALS', env);
  if (path === undefined) return held['GOOGLE_APPLICATION_CREDENTIALS'];
  if (path.trimStart().startsWith('{'))
    throw new NervesysError('NSV_SETTING_INVALID', 'GOOGLE_APPLICATION_CREDENTIALS holds the credential itself', {
      hint: 'it is the path of the JSON file; put the text into a file that nobody else may read, or into Vault',
    });
  try {
    return readFileSync(resolveUserPath(path, env), 'utf8');
  } catch (error) {
    throw new NervesysError(
      'NSV_SETTING_INVALID',
      `GOOGLE_APPLICATION_CREDENTIALS: cannot read ${path} (${errorCode(error)})`,
      { hint: 'give the path of the JSON file from Google, readable by the user that runs Nervesys', cause: error },
    );
  }
}

function readVariable(name: string, secret: boolean, env: Environment): string | undefined {
  const value = env[name] || undefined;
  const path = (secret && env[`${name}_FILE`]) || undefined;
  if (path === undefined) return value;
  if (value !== undefined) {
    throw new NervesysError('NSV_SETTING_INVALID', `${name} and ${name}_FILE are both set`, {
      hint: 'keep one of the two',
    });
  }
  try {
    return readFileSync(resolveUserPath(path, env), 'utf8').replace(/[\r\n]+$/, '') || undefined;
  } catch (error) {
    throw new NervesysError('NSV_SETTING_INVALID', `${name}_FILE: cannot read ${path} (${errorCode(error)})`, {
      hint: 'give the path of a readable file that holds nothing but the secret',
      cause: error,
    });
  }
}

/** The home folder, absolute: `--home`, else `NERVESYS_HOME`, else the default of this user. */
export function resolveHome(option?: string, env: Environment = process.env): string {
  const given = option || readSetting('NERVESYS_HOME', env);
  if (given !== undefined && given !== '') return resolveUserPath(given, env);
  return process.getuid?.() === 0 ? '/var/lib/nervesys' : join(homedir(), '.local/share/nervesys');
}

/** Whether somebody named the home, rather than taking the default. */
export function homeIsChosen(option?: string, env: Environment = process.env): boolean {
  return Boolean(option) || readSetting('NERVESYS_HOME', env) !== undefined;
}

/** Where the code lies, with what ships beside it. A function, since few commands need it. */
export function packageRoot(): string {
  return resolve(import.meta.dirname, '../..');
}

/**
 * The directory the user stands in. `npm run` moves to the package's folder and notes the user's in `INIT_CWD`; that note is
 * believed only where npm ran this very package, for it is inherited by everything below an npm script.
 */
export function userDirectory(env: Environment = process.env): string {
  const initial = env['INIT_CWD'];
  const byOwnNpm = env['npm_package_json'] === join(packageRoot(), 'package.json') && process.cwd() === packageRoot();
  return byOwnNpm && initial !== undefined && initial !== '' ? initial : process.cwd();
}

/** A path as the user wrote it, absolute. */
export function resolveUserPath(path: string, env: Environment = process.env): string {
  return resolve(userDirectory(env), path);
}

export function isDebug(env: Environment = process.env): boolean {
  const value = readSetting('NERVESYS_DEBUG', env);
  return value !== undefined && value !== '0' && value !== 'false';
}

/** Whether output to a terminal may carry colour (https://no-color.org). */
export function mayColour(env: Environment = process.env): boolean {
  return !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}

/** Where programs of this host are looked for. */
export function searchPath(env: Environment = process.env): string | undefined {
  return env['PATH'] || undefined;
}

/** The whole environment for a program that is started for the user, with `extra` added. */
export function childEnvironment(extra: Readonly<Record<string, string>>, env: Environment = process.env) {
  return { ...env, ...extra };
}

/** What a program of ours needs to run at all, for one that is to have no secrets. */
export function bareEnvironment(env: Environment = process.env): Record<string, string> {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'SystemRoot'];
  return Object.fromEntries(kept.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

/** The key for the language model behind an address. */
export function readModelKey(env: Environment = process.env): string | undefined {
  return readSetting('NERVESYS_MODEL_KEY', env)?.trim();
}

function serverName(env: Environment): ServerName {
  const given = readSetting('NERVESYS_SERVER', env);
  if (given === undefined) return serverNameOfHost(hostname());
  const server = parseServerName(given);
  if (server === undefined) {
    throw new NervesysError('NSV_SETTING_INVALID', `NERVESYS_SERVER is ${JSON.stringify(given.slice(0, 120))}`, {
      hint: 'use 1–100 letters, digits, dots, hyphens or underscores, beginning and ending with a letter or digit',
    });
  }
  return server;
}

/** A host's name made fit to be a server's name (and so part of object keys). */
export function serverNameOfHost(host: string): ServerName {
  const text = host
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/\.{2,}/g, '.')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 100)
    .replace(/[^A-Za-z0-9]+$/, '');
  return parseServerName(text) ?? ('server' as ServerName);
}

function deadManUrl(env: Environment): string | undefined {
  const address = readSetting('NERVESYS_DEAD_MAN_URL', env)?.trim();
  if (address === undefined) return undefined;
  if (URL.canParse(address) && /^https?:$/.test(new URL(address).protocol)) return address;
  throw new NervesysError('NSV_SETTING_INVALID', 'NERVESYS_DEAD_MAN_URL is not an http or https address', {
    hint: 'copy it whole from the service that waits for the sign of life',
  });
}

function driveFolderId(env: Environment): string | undefined {
  const id = readSetting('GDRIVE_FOLDER_ID', env)?.trim();
  if (id === undefined || /^[A-Za-z0-9_-]{10,100}$/.test(id)) return id;
  throw new NervesysError('NSV_SETTING_INVALID', 'GDRIVE_FOLDER_ID is not the id of a folder', {
    hint: 'use the end of its address alone: https://drive.google.com/drive/folders/<id>',
  });
}

function storjSettings(env: Environment): StorjSettings | undefined {
  const accessKey = readSetting('STORJ_ACCESS_KEY', env);
  const secretKey = readSetting('STORJ_SECRET_KEY', env);
  if (accessKey === undefined && secretKey === undefined) return undefined;
  if (accessKey === undefined || secretKey === undefined) {
    if (readSetting('VAULT_ADDR', env) !== undefined) return undefined; // the other half is there; `readSettingsWith` brings it
    const [given, missing] = accessKey === undefined ? ['SECRET', 'ACCESS'] : ['ACCESS', 'SECRET'];
    throw new NervesysError('NSV_SETTING_INVALID', `STORJ_${given}_KEY is set, but STORJ_${missing}_KEY is not`, {
      hint: 'set both to archive in S3, or neither to archive in a folder',
    });
  }
  const endpoint = readSetting('STORJ_ENDPOINT', env);
  if (endpoint !== undefined && (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol))) {
    throw new NervesysError('NSV_SETTING_INVALID', `STORJ_ENDPOINT is not an http or https address: ${endpoint}`, {
      hint: 'write it whole, as https://gateway.storjshare.io',
    });
  }
  return {
    accessKey,
    secretKey,
    bucket: readSetting('STORJ_BUCKET', env),
    endpoint,
    region: readSetting('STORJ_REGION', env),
  };
}
