import { createPrivateKey } from 'node:crypto';
import { NervesysError } from '../../platform/errors.ts';

/** Who puts the files. Secrets are in here: never log it. */
export type DriveCredential =
  | {
      readonly type: 'service_account';
      readonly email: string;
      /** What an administrator of Workspace grants scopes to. */
      readonly clientId: string | undefined;
      readonly privateKey: string;
      readonly keyId: string | undefined;
    }
  | {
      readonly type: 'authorized_user';
      readonly clientId: string;
      readonly clientSecret: string;
      readonly refreshToken: string;
    };

/** What a key file may name as the place that gives tokens. Any other would be sent what opens the Drive. */
const TOKEN_PLACES: ReadonlySet<string> = new Set([
  'https://oauth2.googleapis.com/token',
  'https://accounts.google.com/o/oauth2/token',
  'https://www.googleapis.com/oauth2/v4/token',
]);

/**
 * The file that GOOGLE_APPLICATION_CREDENTIALS names, of a service account or of a person who consented. Rejects everything else with
 * `NSV_SHELF_UNCONFIGURED`, above all what would have a credential sent elsewhere than to Google. No message has a word of the file's secrets.
 */
export function parseDriveCredential(shelf: string, text: string): DriveCredential {
  const wrong = (problem: string, hint = 'use the JSON file as Google handed it out') =>
    new NervesysError('NSV_SHELF_UNCONFIGURED', `shelf ${shelf}: GOOGLE_APPLICATION_CREDENTIALS: ${problem}`, { hint });
  const file = parseObject(text);
  if (file === undefined) throw wrong('the file is not a JSON object');
  const textOf = (key: string): string | undefined => {
    const value = file[key];
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
  };
  const needed = (key: string): string => {
    const value = textOf(key);
    if (value === undefined) throw wrong(`${key} is missing`);
    return value;
  };
  if ((textOf('universe_domain') ?? 'googleapis.com') !== 'googleapis.com')
    throw wrong('universe_domain is not googleapis.com', 'only Google’s own Drive is known');
  const tokenPlace = textOf('token_uri');
  if (tokenPlace !== undefined && !TOKEN_PLACES.has(tokenPlace))
    throw wrong('token_uri is not Google’s', 'the credential would be sent there: take the file from Google anew');
  switch (file['type']) {
    case 'service_account': {
      const privateKey = needed('private_key');
      if (!isRsaKey(privateKey)) throw wrong('private_key is none', 'make a new key of the service account (JSON)');
      return {
        type: 'service_account',
        email: needed('client_email'),
        clientId: textOf('client_id'),
        privateKey,
        keyId: textOf('private_key_id'),
      };
    }
    case 'authorized_user':
      return {
        type: 'authorized_user',
        clientId: needed('client_id'),
        clientSecret: needed('client_secret'),
        refreshToken: needed('refresh_token'),
      };
    default:
      // external_account and its kin have programs run and addresses asked that the file names.
      throw wrong(
        `its type is ${JSON.stringify(String(file['type']).slice(0, 40))}`,
        'use a key of a service account (type service_account), or a person’s consent (type authorized_user)',
      );
  }
}

/** What must be in no message. */
export function secretsOf(credential: DriveCredential): readonly string[] {
  return credential.type === 'service_account'
    ? [credential.privateKey]
    : [credential.clientSecret, credential.refreshToken];
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\ufeff/, ''));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined; // the parser's message quotes the text
  }
}

function isRsaKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}
