/**
 * What is replaced by `[redacted:<kind>]` before a record is stored (docs/SECURITY.md). The names stand in archived records and in
 * configuration files: they are only ever added to.
 */
export const SECRET_KINDS = [
  'aws_access_key',
  'aws_secret_key',
  'gcp_api_key',
  'google_oauth',
  'azure_key',
  'azure_sas',
  'github_token',
  'gitlab_token',
  'openai_key',
  'anthropic_key',
  'xai_key',
  'deepseek_key',
  'huggingface_token',
  'slack_token',
  'slack_webhook',
  'stripe_key',
  'npm_token',
  'telegram_token',
  'sendgrid_key',
  'nervesys_token',
  'jwt',
  'private_key',
  'password',
  'secret',
  'api_key',
  'token',
  'authorization',
  'url_password',
  'connection_string',
  'cookie',
  'url_signature',
  'azure_client_secret',
  'groq_key',
  'docker_token',
  'pypi_token',
  'vault_token',
  'twilio_key',
  'discord_token',
  'service_key',
] as const;
/** A kind of credential; all are replaced unless the configuration names fewer. */
export type SecretKind = (typeof SECRET_KINDS)[number];

/** Personal data; replaced only where the configuration asks for it. */
export const PII_KINDS = ['email', 'phone', 'iban', 'israeli_id', 'credit_card'] as const;
export type PiiKind = (typeof PII_KINDS)[number];

/** Stands where the redactor itself failed: nothing of the record's text is kept then. */
export const UNKNOWN_KIND = 'unknown';

/** How it is done for one AI agent. */
export interface RedactionSettings {
  readonly enabled: boolean;
  readonly kinds: readonly SecretKind[];
  readonly pii: readonly PiiKind[];
  /** Further patterns, in the syntax of `LinearPattern`; `name` is the kind. */
  readonly patterns: readonly { readonly name: string; readonly pattern: string }[];
}

export const REDACTION_DEFAULT: RedactionSettings = { enabled: true, kinds: SECRET_KINDS, pii: [], patterns: [] };
