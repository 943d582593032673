import { randomBytes } from 'node:crypto';
import type { Refusal } from './s3-signature.ts';

export interface StsOptions {
  /** The one role that may be assumed, as AWS and radosgw want it named; absent: none is asked for (MinIO). */
  readonly roleArn?: string;
  /** The longest session of the role; 12 hours. */
  readonly secondsMax?: number;
  /**
   * The policy's condition key `s3:if-none-match`: heeded (AWS), refused as unknown with the whole policy, passed over in silence, or taken
   * for a key that no request has.
   */
  readonly conditionKey?: 'heeded' | 'refused' | 'ignored' | 'unmet';
}

export interface Session {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly token: string;
  readonly name: string;
  readonly policy: Policy;
  readonly policyText: string;
  readonly seconds: number;
  expiresAt: number;
}

interface Policy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: { readonly Null: { readonly 's3:if-none-match': string } };
}

export interface SessionRequest {
  readonly token: string | string[] | undefined;
  readonly method: string;
  readonly bucketName: string;
  readonly key: string;
  readonly condition: string | undefined;
}

const SECONDS_MIN = 900;
const POLICY_CHARACTERS_MAX = 2_048;
const PARAMETERS = ['Action', 'Version', 'DurationSeconds', 'RoleSessionName', 'Policy', 'RoleArn'];

/**
 * A Security Token Service for tests, written from the API's documentation: AssumeRole with an inline policy, and what a session's keys may do.
 * What isn't allowed is denied; parameters, actions and elements that it doesn't know are refused.
 */
export class StsSessions {
  /** Every session that was given, oldest first. */
  readonly given: Session[] = [];
  /** How many times somebody asked, also in vain. */
  asked = 0;
  /** Every AssumeRole meets this until it is taken away. */
  failure: Refusal | undefined;
  readonly #options: StsOptions;

  constructor(options: StsOptions) {
    this.#options = options;
  }

  find(accessKey: string | undefined): Session | undefined {
    return this.given.find((session) => session.accessKey === accessKey);
  }

  /** The sessions of a server, by the name that they were given. */
  of(server: string): Session[] {
    return this.given.filter(({ name }) => name === `nervesys-${server}`);
  }

  /** All sessions so far are past their time. */
  expireAll(): void {
    for (const session of this.given) session.expiresAt = 0;
  }

  answer(contentType: string | undefined, body: string, now: number): { status: number; code: string; xml: string } {
    this.asked++;
    const refusal = this.failure ?? this.#refusal(contentType, new URLSearchParams(body));
    if (refusal !== undefined) {
      const { status, code, message } = refusal;
      const xml = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>1</RequestId></ErrorResponse>`;
      return { status, code, xml };
    }
    const form = new URLSearchParams(body);
    const seconds = Number(form.get('DurationSeconds'));
    const policyText = form.get('Policy') as string;
    const session: Session = {
      accessKey: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
      secretKey: randomBytes(30).toString('base64'),
      token: randomBytes(200).toString('base64'),
      name: form.get('RoleSessionName') as string,
      policy: JSON.parse(policyText),
      policyText,
      seconds,
      expiresAt: now + seconds * 1000,
    };
    this.given.push(session);
    const expiration = new Date(session.expiresAt).toISOString();
    const xml = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult><AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/x/${session.name}</Arn><AssumedRoleId>A:${session.name}</AssumedRoleId></AssumedRoleUser>
    <Credentials><AccessKeyId>${session.accessKey}</AccessKeyId><SecretAccessKey>${session.secretKey}</SecretAccessKey><SessionToken>${session.token}</SessionToken><Expiration>${expiration}</Expiration></Credentials>
  </AssumeRoleResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></AssumeRoleResponse>`;
    return { status: 200, code: '', xml };
  }

  /** Why a session's request is denied, past its signature; `undefined` when its policy allows it. */
  denial(session: Session, request: SessionRequest, now: number): Refusal | undefined {
    if (request.token !== session.token)
      return { status: 403, code: 'InvalidAccessKeyId', message: 'The AWS Access Key Id needs its security token.' };
    if (now >= session.expiresAt)
      return { status: 400, code: 'ExpiredToken', message: 'The provided token has expired.' };
    const matching = session.policy.Statement.filter((statement) => this.#matches(statement, request));
    const allowed =
      matching.some(({ Effect }) => Effect === 'Allow') && matching.every(({ Effect }) => Effect === 'Allow');
    return allowed ? undefined : { status: 403, code: 'AccessDenied', message: 'Access Denied' };
  }

  #matches({ Action, Resource, Condition }: Statement, request: SessionRequest): boolean {
    const { bucketName, key } = request;
    const resource = key === '' ? `arn:aws:s3:::${bucketName}` : `arn:aws:s3:::${bucketName}/${key}`;
    if (!Action.includes(actionOf(request)) || !Resource.some((pattern) => isLike(resource, pattern))) return false;
    const wanted = Condition?.Null['s3:if-none-match'];
    if (wanted === undefined || this.#options.conditionKey === 'ignored') return true;
    const isNull = this.#options.conditionKey === 'unmet' || request.condition === undefined;
    return String(isNull) === wanted;
  }

  #refusal(contentType: string | undefined, form: URLSearchParams): Refusal | undefined {
    const wrong = (code: string, message: string) => ({ status: 400, code, message });
    if (!/^application\/x-www-form-urlencoded(;|$)/.test(contentType ?? ''))
      return wrong('InvalidAction', 'The form has another content type');
    const unknown = [...form.keys()].find((name) => !PARAMETERS.includes(name));
    if (unknown !== undefined) return wrong('InvalidParameterCombination', `${unknown} is not known`);
    if (form.get('Action') !== 'AssumeRole' || form.get('Version') !== '2011-06-15')
      return wrong('InvalidAction', 'Could not find operation');
    if (!/^[\w+=,.@-]{2,64}$/.test(form.get('RoleSessionName') ?? ''))
      return wrong('ValidationError', 'RoleSessionName failed to satisfy constraint');
    const { roleArn, secondsMax = 43_200 } = this.#options;
    if (roleArn !== undefined && form.get('RoleArn') !== roleArn)
      return { status: 403, code: 'AccessDenied', message: 'Not authorized to perform sts:AssumeRole on this role' };
    const seconds = Number(form.get('DurationSeconds'));
    if (!Number.isInteger(seconds) || seconds < SECONDS_MIN || seconds > secondsMax)
      return wrong(
        'ValidationError',
        'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
      );
    const text = form.get('Policy') ?? '';
    if (text.length > POLICY_CHARACTERS_MAX) return wrong('PackedPolicyTooLarge', 'The policy is too large');
    const complaint = policyComplaint(text, this.#options.conditionKey ?? 'heeded');
    return complaint === undefined ? undefined : wrong('MalformedPolicyDocument', complaint);
  }
}

function actionOf({ method, key }: SessionRequest): string {
  if (key === '') return method === 'PUT' ? 's3:CreateBucket' : 's3:ListBucket';
  const actions: Readonly<Record<string, string>> = { PUT: 's3:PutObject', DELETE: 's3:DeleteObject' };
  return actions[method] ?? 's3:GetObject';
}

/** `*` is any text, `?` any character. */
function isLike(text: string, pattern: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(text);
}

function policyComplaint(text: string, conditionKey: NonNullable<StsOptions['conditionKey']>): string | undefined {
  let policy: Policy;
  try {
    policy = JSON.parse(text);
  } catch {
    return 'not JSON';
  }
  const keys = (value: object) => Object.keys(value).sort().join();
  if (keys(policy) !== 'Statement,Version' || policy.Version !== '2012-10-17' || !Array.isArray(policy.Statement))
    return 'unknown elements';
  for (const statement of policy.Statement) {
    if (!['Action,Effect,Resource', 'Action,Condition,Effect,Resource'].includes(keys(statement))) return 'statement';
    if (statement.Effect !== 'Allow' && statement.Effect !== 'Deny') return 'effect';
    if (!statement.Action.every((action: string) => /^s3:[A-Za-z]+$/.test(action))) return 'action';
    if (!statement.Resource.every((resource: string) => /^arn:aws:s3:::\S+$/.test(resource))) return 'resource';
    if (statement.Condition === undefined) continue;
    if (keys(statement.Condition) !== 'Null' || keys(statement.Condition.Null) !== 's3:if-none-match')
      return 'condition';
    if (conditionKey === 'refused') return "unknown condition key 's3:if-none-match'";
  }
  return undefined;
}
