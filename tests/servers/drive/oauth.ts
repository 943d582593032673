import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, verify } from 'node:crypto';
import { DriveRefusal, TokenRefusal } from './answers.ts';

export const SCOPES = {
  drive: 'https://www.googleapis.com/auth/drive',
  file: 'https://www.googleapis.com/auth/drive.file',
  readonly: 'https://www.googleapis.com/auth/drive.readonly',
} as const;

/** Who asks, by the access token. */
export interface Caller {
  readonly email: string;
  /** Of the app (project), for `drive.file`. */
  readonly app: string;
  readonly scopes: ReadonlySet<string>;
  /** A service account as itself: it owns no storage. */
  readonly isServiceAccount: boolean;
}

/** One RSA key for all: making one takes a while. */
let pair: { readonly publicKey: KeyObject; readonly pem: string } | undefined;

export interface OauthUser {
  readonly email: string;
  readonly refreshToken: string;
  readonly scopes: readonly string[];
}

/** Google's token endpoint: JWT bearer (RFC 7523) of one service account, and refresh tokens of one OAuth client. */
export class Oauth {
  readonly now: () => number;
  readonly serviceAccount = {
    email: 'reports@nervesys-test.iam.gserviceaccount.com',
    clientId: '104857600000000000001',
    keyId: 'a1b2c3d4e5',
  };
  readonly client = { id: '1234-abc.apps.googleusercontent.com', secret: 'GOCSPX-not-a-real-secret' };
  /** Whom the service account may act as, and with which scopes (the admin console's list). */
  readonly delegated = new Map<string, readonly string[]>();
  readonly users: OauthUser[] = [];
  /** Refresh tokens that no longer hold. */
  readonly revoked = new Set<string>();
  readonly #tokens = new Map<string, { readonly caller: Caller; readonly expiresAt: number }>();

  constructor(now: () => number) {
    this.now = now;
    if (pair === undefined) {
      const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      pair = {
        publicKey: createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })),
        pem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      };
    }
  }

  /** The key file, as the console hands it out. */
  serviceAccountFile(): Record<string, string> {
    const { email, clientId, keyId } = this.serviceAccount;
    return {
      type: 'service_account',
      project_id: 'nervesys-test',
      private_key_id: keyId,
      private_key: pair!.pem,
      client_email: email,
      client_id: clientId,
      auth_uri: 'https://accounts.google.com/o/oauth2/auth',
      token_uri: 'https://oauth2.googleapis.com/token',
      auth_provider_x509_cert_url: 'https://www.googleapis.com/oauth2/v1/certs',
      client_x509_cert_url: `https://www.googleapis.com/robot/v1/metadata/x509/${encodeURIComponent(email)}`,
      universe_domain: 'googleapis.com',
    };
  }

  /** The file of a person who consented, as `gcloud auth application-default login` writes it. */
  authorizedUserFile(user: OauthUser): Record<string, string> {
    return {
      type: 'authorized_user',
      client_id: this.client.id,
      client_secret: this.client.secret,
      refresh_token: user.refreshToken,
    };
  }

  addUser(email: string, scopes: readonly string[] = [SCOPES.file]): OauthUser {
    const user = { email, refreshToken: `1//${randomBytes(24).toString('base64url')}`, scopes };
    this.users.push(user);
    return user;
  }

  /** All access tokens end now. */
  expireTokens(): void {
    this.#tokens.clear();
  }

  grant(form: URLSearchParams): Readonly<Record<string, unknown>> {
    switch (form.get('grant_type')) {
      case 'urn:ietf:params:oauth:grant-type:jwt-bearer':
        return this.#bearer(form.get('assertion') ?? '');
      case 'refresh_token':
        return this.#refresh(form);
      default:
        throw new TokenRefusal(400, 'unsupported_grant_type', 'Invalid grant_type');
    }
  }

  callerOf(authorization: string | undefined): Caller {
    const challenge = { headers: { 'www-authenticate': 'Bearer realm="https://accounts.google.com/"' } };
    if (authorization === undefined)
      throw new DriveRefusal(403, 'forbidden', 'Method doesn’t allow unregistered callers.', challenge);
    const [, token] = /^Bearer ([\w.-]+)$/.exec(authorization) ?? [];
    const known = token === undefined ? undefined : this.#tokens.get(token);
    if (known === undefined || known.expiresAt <= this.now())
      throw new DriveRefusal(401, 'authError', 'Invalid Credentials', challenge);
    return known.caller;
  }

  #bearer(assertion: string): Readonly<Record<string, unknown>> {
    const invalid = (why: string) => new TokenRefusal(400, 'invalid_grant', why);
    const parts = assertion.split('.');
    if (parts.length !== 3) throw invalid('Invalid JWT: wrong number of segments');
    const [header, claims] = parts.slice(0, 2).map((part) => {
      try {
        return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
      } catch {
        throw invalid('Invalid JWT: not JSON');
      }
    });
    if (header?.['alg'] !== 'RS256') throw invalid('Invalid JWT: only RS256');
    if (claims?.['iss'] !== this.serviceAccount.email) throw invalid('Invalid grant: account not found');
    const signed = Buffer.from(parts.slice(0, 2).join('.'));
    if (!verify('sha256', signed, pair!.publicKey, Buffer.from(parts[2]!, 'base64url')))
      throw invalid('Invalid JWT Signature.');
    if (claims['aud'] !== 'https://oauth2.googleapis.com/token') throw invalid('Invalid JWT: Failed audience check.');
    const [iat, exp] = [Number(claims['iat']), Number(claims['exp'])];
    const now = this.now() / 1000;
    if (!(exp - iat <= 3600 && exp > iat && iat <= now + 300 && exp > now))
      throw invalid('Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.');
    const scopes = scopesOf(String(claims['scope'] ?? ''));
    const subject = claims['sub'] as string | undefined;
    if (subject !== undefined) {
      const allowed = this.delegated.get(subject);
      if (allowed === undefined || scopes.some((scope) => !allowed.includes(scope)))
        throw new TokenRefusal(
          401,
          'unauthorized_client',
          'Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.',
        );
    }
    return this.#issue({
      email: subject ?? this.serviceAccount.email,
      app: this.serviceAccount.clientId,
      scopes: new Set(scopes),
      isServiceAccount: subject === undefined,
    });
  }

  #refresh(form: URLSearchParams): Readonly<Record<string, unknown>> {
    if (form.get('client_id') !== this.client.id || form.get('client_secret') !== this.client.secret)
      throw new TokenRefusal(401, 'invalid_client', 'The OAuth client was not found.');
    const token = form.get('refresh_token') ?? '';
    const user = this.users.find((one) => one.refreshToken === token);
    if (user === undefined || this.revoked.has(token))
      throw new TokenRefusal(400, 'invalid_grant', 'Token has been expired or revoked.');
    return {
      ...this.#issue({
        email: user.email,
        app: this.client.id,
        scopes: new Set(user.scopes),
        isServiceAccount: false,
      }),
      scope: user.scopes.join(' '),
    };
  }

  #issue(caller: Caller): Readonly<Record<string, unknown>> {
    const token = `ya29.${randomBytes(24).toString('base64url')}`;
    this.#tokens.set(token, { caller, expiresAt: this.now() + 3_599_000 });
    return { access_token: token, expires_in: 3599, token_type: 'Bearer' };
  }
}

function scopesOf(text: string): string[] {
  const scopes = text.split(' ').filter((one) => one !== '');
  const known: readonly string[] = Object.values(SCOPES);
  if (scopes.length === 0 || scopes.some((one) => !known.includes(one)))
    throw new TokenRefusal(400, 'invalid_scope', 'Invalid OAuth scope or ID token audience provided.');
  return scopes;
}
