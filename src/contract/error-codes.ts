/**
 * Every stable error code with its meaning, in one place; docs/ERRORS.md mirrors it and a test keeps both equal.
 * A retired code is never used again. `status` is the HTTP status where the code is answered over HTTP.
 */
export interface ErrorEntry {
  readonly meaning: string;
  readonly remedy: string;
  readonly status?: number;
}

export const ERROR_CODES = {
  // Input to the agent's local API
  NSV_RECORD_NOT_JSON: {
    status: 400,
    meaning: 'A line is not valid JSON.',
    remedy: 'Send one JSON object a line; the other lines were taken.',
  },
  NSV_RECORD_NOT_OBJECT: {
    status: 400,
    meaning: 'A record is JSON, but not an object.',
    remedy: 'Send an object with at least a `message`.',
  },
  NSV_RECORD_NO_MESSAGE: {
    status: 400,
    meaning: 'A record has no `message`.',
    remedy: 'Give each record a `message`.',
  },
  NSV_BODY_TOO_LARGE: {
    status: 413,
    meaning: 'A request body is larger than the limit, before or after decompression.',
    remedy: 'Split the request into smaller ones.',
  },
  NSV_RECORDS_TOO_LARGE: {
    status: 413,
    meaning: "The records of one request are larger than the buffer's limit ever has room for; nothing was taken.",
    remedy:
      'Split the request: together its records may have `bytes_max` bytes in archived form. Or raise `buffer.limit`.',
  },
  NSV_BODY_ENCODING: {
    status: 415,
    meaning: 'The Content-Encoding is unknown, or the body does not decode with it.',
    remedy: 'Send the body plain or with gzip.',
  },
  NSV_BODY_TYPE: {
    status: 415,
    meaning: 'The Content-Type is none that this address reads.',
    remedy: 'Send `application/json`; OpenTelemetry may send `application/x-protobuf` too.',
  },
  NSV_HEADERS_TOO_LARGE: {
    status: 431,
    meaning: 'The address and the headers of a request are larger than 16 KB together.',
    remedy: 'Send less in them; cookies of other programs on the same host count too.',
  },
  NSV_REQUEST_TIMEOUT: {
    status: 408,
    meaning: 'A request was not sent whole within its time.',
    remedy: 'Send it again; look at what stands between, if it happens often.',
  },
  NSV_BODY_INVALID: {
    status: 400,
    meaning: 'A request body or query is not what the call expects.',
    remedy: 'See the API documentation for the expected shape.',
  },
  NSV_FORBIDDEN_ORIGIN: {
    status: 403,
    meaning: 'A browser page (Origin header) or a foreign Host asked the local API.',
    remedy: 'Call the local API from a program, by 127.0.0.1 or localhost.',
  },
  NSV_NOT_FOUND: { status: 404, meaning: 'There is nothing at this address.', remedy: 'Check the path and the name.' },
  NSV_METHOD_NOT_ALLOWED: {
    status: 405,
    meaning: 'The address exists, but not for this method.',
    remedy: 'See the Allow header.',
  },
  NSV_BUFFER_FULL: {
    status: 429,
    meaning: 'The buffer has reached its limit, or the disk is full; nothing was taken.',
    remedy: 'Repeat after Retry-After seconds; look at `nervesys doctor` for why it does not drain.',
  },
  NSV_TOO_BUSY: {
    status: 429,
    meaning: 'More is being sent at once than the agent holds in memory; nothing of this request was taken.',
    remedy: 'Repeat after Retry-After seconds, with fewer or smaller requests at once.',
  },
  NSV_KEY_REUSED: {
    status: 422,
    meaning: 'An `Idempotency-Key` came again within ten minutes, with another body; nothing of it was taken.',
    remedy: 'Give each request a key of its own, a new UUID, and repeat it with its body unchanged.',
  },
  NSV_TOO_MANY_SILENCES: {
    status: 409,
    meaning: 'As many silences hold or are to come as can be looked at for each alert; none was made.',
    remedy: 'End those that are not needed any more (`nervesys alerts silences`), or use one with a pattern.',
  },
  NSV_TOO_MANY_KEYS: {
    status: 429,
    meaning:
      'More requests with an `Idempotency-Key` came within ten minutes than the agent can remember; nothing was taken.',
    remedy:
      'Repeat after Retry-After seconds; send more records in each request, or leave out keys that are not needed.',
  },
  NSV_SHUTTING_DOWN: {
    status: 503,
    meaning: 'The agent or orchestrator is closing; nothing was taken.',
    remedy: 'Repeat after it has started again.',
  },
  NSV_FLUSH_INCOMPLETE: {
    status: 503,
    meaning: 'A flush could not bring every record to the archive in time; all of them are kept.',
    remedy: 'See the message for the reason; it goes on by itself.',
  },
  NSV_INTERNAL: { status: 500, meaning: 'Something unexpected failed.', remedy: 'Look at the log; please report it.' },
  // Buffer
  NSV_BUFFER_UNUSABLE: {
    meaning: 'The buffer file cannot be opened or created.',
    remedy: 'Check that its folder is writable and that its disk has space.',
  },
  NSV_BUFFER_LOCKED: {
    meaning: 'Another agent is running on this home.',
    remedy: 'Stop it, or give this one a home of its own with --home.',
  },
  // Reports and their shelves
  NSV_REPORT_PERIOD_INVALID: {
    status: 400,
    meaning: 'A report was asked for a day, week or month that is none, or that has not begun.',
    remedy: 'Use 2025-12-10 for a day, 2025-W50 for an ISO week, 2025-12 for a month.',
  },
  NSV_REPORT_NOT_FOUND: {
    status: 404,
    meaning: 'There is no such report, version or file.',
    remedy: 'Look at `GET reports`, or make it with `nervesys report`.',
  },
  NSV_REPORT_RUNNING: {
    status: 409,
    meaning: 'This report is being made already.',
    remedy: 'Wait until it is ready.',
  },
  NSV_REPORT_FAILED: {
    status: 500,
    meaning: 'A report could not be gathered or rendered; it is tried again.',
    remedy: "Look at the orchestrator's log for the reason.",
  },
  NSV_SHELF_UNKNOWN: {
    status: 404,
    meaning: 'There is no shelf of this name.',
    remedy: 'Use a name of `reports.shelves` in orchestrator.yaml.',
  },
  NSV_SHELF_UNCONFIGURED: {
    meaning: "A shelf's credential is missing, or can't be used.",
    remedy: 'Set what the message names (.env.example lists it), then send the report again.',
  },
  NSV_SHELF_UNREACHABLE: {
    meaning: 'A shelf does not answer; reports wait and are sent again.',
    remedy: 'Check the network from the orchestrator to it.',
  },
  NSV_SHELF_BUSY: {
    meaning: 'A shelf asks to be called less often, or is in trouble itself; reports wait and are sent again.',
    remedy: 'Wait; if it lasts, look at the quota of requests there.',
  },
  NSV_SHELF_DENIED: {
    meaning: 'A shelf refuses to take reports from this credential.',
    remedy: 'Give the credential the right to write to the folder.',
  },
  NSV_SHELF_SIGN_IN: {
    meaning: "A shelf's credential is no longer good.",
    remedy: 'Make a new one, and put it in the place of the old.',
  },
  NSV_SHELF_FULL: {
    meaning: 'A shelf has no room left for reports.',
    remedy: 'Make room there, or use another folder; then send the report again.',
  },
  NSV_SHELF_NO_FOLDER: {
    meaning: "A shelf's folder isn't there, or this credential can't see it.",
    remedy: 'Check its id or path, and that it is shared with the credential.',
  },
  NSV_SHELF_KEEPS_MORE: {
    meaning:
      'A shelf holds a report that this database did not put there, and that knows more than the one it was to get, as after the restore of an older backup. It stays.',
    remedy: 'Nothing, to keep it; to replace it all the same: `nervesys report send … --shelf … --replace`.',
  },
  NSV_SHELF_REJECTED: {
    meaning: 'A shelf does not take this file.',
    remedy: 'Read what it answered; the file itself is kept and can be fetched from the reports page.',
  },

  // Archive
  NSV_ARCHIVE_UNREACHABLE: {
    status: 503,
    meaning: 'The archive did not answer.',
    remedy: 'Batches wait in the buffer and go by themselves; check network and endpoint.',
  },
  NSV_ARCHIVE_BUSY: {
    status: 503,
    meaning: 'The archive asked to slow down, or failed for a moment (429, 5xx).',
    remedy: 'Nothing to do; it is tried again.',
  },
  NSV_ARCHIVE_DENIED: {
    status: 502,
    meaning: 'The archive refused the credentials or the permission (401, 403).',
    remedy: 'Check STORJ_ACCESS_KEY, STORJ_SECRET_KEY and what the key may write; batches are kept.',
  },
  NSV_ARCHIVE_FULL: {
    status: 507,
    meaning: "The archive's disk or quota is full.",
    remedy: 'Free space or raise the quota; batches wait in the buffer and go by themselves.',
  },
  NSV_ARCHIVE_NO_BUCKET: {
    status: 502,
    meaning: 'The bucket does not exist.',
    remedy: 'Create the bucket, or correct STORJ_BUCKET; batches are kept.',
  },
  NSV_ARCHIVE_NAME_TAKEN: {
    status: 409,
    meaning: 'Another object stands at the name.',
    remedy: 'Nothing to do: the next free name is used.',
  },
  NSV_REINDEX_RUNNING: {
    status: 409,
    meaning: 'The catalog is being rebuilt from the archive already.',
    remedy: 'Wait until it has ended, then look whether another run is needed at all.',
  },
  NSV_RETENTION_NOT_SET: {
    status: 409,
    meaning: 'Logs are kept for ever: `retention.logs` of storage.yaml is not set.',
    remedy: 'Set it, by a commit to the configuration; nothing was removed.',
  },
  NSV_BACKUP_RUNNING: {
    status: 409,
    meaning: 'The database is being backed up already, here or by another replica.',
    remedy: 'Wait until it is done: `nervesys archive backups`.',
  },
  NSV_BACKUP_FAILED: {
    meaning: 'The database could not be backed up, or the backup did not prove to be whole.',
    remedy: 'See the alert `backup.failed` for the reason; it is tried again by itself.',
  },
  NSV_BACKUP_NOT_FOUND: {
    meaning: 'There is no backup in the archive, or none of this day or name.',
    remedy: 'Check the home, or `STORJ_*`; without `--date` and `--key` the newest is taken.',
  },
  NSV_BACKUP_AMBIGUOUS: {
    meaning: 'The archive holds backups of more than one installation.',
    remedy: 'Say which by `--key`; the message names the newest of each.',
  },
  NSV_BACKUP_DAMAGED: {
    meaning: 'A backup is not what its manifest says: a part is missing, changed or cut short.',
    remedy: 'Take an earlier one; nothing was changed. Versions of the object in the store may help.',
  },
  NSV_BACKUP_NEWER: {
    meaning: 'A backup was made by a newer version, in a format that this one does not know.',
    remedy: 'Restore it with the version that made it, or a newer one.',
  },
  NSV_RESTORE_NOT_EMPTY: {
    meaning: 'A backup is restored into an empty database only, and this one has tables.',
    remedy: 'Name an empty one in `DATABASE_URL`, or move `<home>/orchestrator/postgres` away. Nothing was changed.',
  },
  NSV_ARCHIVE_NAME_UNCERTAIN: {
    status: 409,
    meaning:
      "The answer to an upload was lost, its name is taken now, and this server's credential may not look by what.",
    remedy:
      'Let the credential read `logs/<server>/` for a while: then it is seen, and goes on. The batch is kept till then.',
  },
  NSV_CREDENTIALS_UNAVAILABLE: {
    status: 409,
    meaning:
      'The orchestrator gives out no scoped credentials: it is not set up for them, or they would not be safe on this store.',
    remedy:
      'See the message for what is missing; `credentials: presigned` in storage.yaml works with every store. Batches are kept.',
  },
  NSV_CREDENTIALS_FAILED: {
    status: 503,
    meaning: 'The program or the service that makes scoped credentials failed.',
    remedy: "See the orchestrator's log; it is asked again by itself, and batches are kept.",
  },
  NSV_CREDENTIALS_TRIES: {
    status: 429,
    meaning: 'A server asked for scoped credentials more often than it can need them.',
    remedy: 'Wait; batches are kept. If nobody tried anything, look at why the store refuses what it was given.',
  },
  NSV_BATCH_CONFLICT: {
    status: 409,
    meaning: 'Other records are archived under the sequence numbers of this batch.',
    remedy:
      'The buffer file was probably restored from a copy: move agent/buffer.db aside, so that a new epoch begins.',
  },
  NSV_ARCHIVE_NOT_FOUND: { status: 404, meaning: 'There is no such object in the archive.', remedy: 'Check the key.' },
  NSV_ARCHIVE_REJECTED: {
    status: 502,
    meaning: 'The archive refused a request as wrong (another 4xx).',
    remedy: 'See the message for what it said; batches are kept.',
  },
  NSV_ARCHIVE_DAMAGED: {
    status: 502,
    meaning: 'An archive object does not hold what its manifest says.',
    remedy: 'Read it again; if it stays so, keep the object and restore an earlier version from the store.',
  },
  NSV_OBJECT_KEY_INVALID: {
    status: 400,
    meaning: 'A name is not a valid object key.',
    remedy: 'Keys are relative, without `..`, empty parts or control characters.',
  },
  NSV_UPLOAD_EXPIRED: {
    status: 403,
    meaning: 'An upload permission is past its time or was changed.',
    remedy: 'Announce the batch again.',
  },
  NSV_UPLOAD_MISMATCH: {
    status: 400,
    meaning: 'Uploaded bytes are not those that were announced.',
    remedy: 'Send the announced bytes.',
  },
  // Orchestrator
  NSV_UNAUTHORIZED: {
    status: 401,
    meaning: 'No key, session or token was given, or it is not known.',
    remedy: 'Sign in, or send `Authorization: Bearer <key>`.',
  },
  NSV_FORBIDDEN: {
    status: 403,
    meaning: 'The key is known, but may not do this.',
    remedy: 'Use a key with the needed rights.',
  },
  NSV_SIGN_IN_REFUSED: {
    status: 401,
    meaning: 'The name and the password do not go together.',
    remedy: 'Try again; an admin sets a new password with `nervesys people password NAME`.',
  },
  NSV_SIGN_IN_BUSY: {
    status: 429,
    meaning: 'Passwords are being tried too fast, from this address, for this name or altogether.',
    remedy: 'Repeat after Retry-After seconds; a link of `nervesys sign-in` works meanwhile.',
  },
  NSV_PASSWORD_WEAK: {
    status: 400,
    meaning: 'The password is too easy to guess, or too long.',
    remedy: 'Use 12 to 200 characters, such as four or five words.',
  },
  NSV_NAME_TAKEN: {
    status: 409,
    meaning: 'Somebody has this name already.',
    remedy: 'Choose another name, or change what is there.',
  },
  NSV_TOKEN_UNKNOWN: {
    status: 401,
    meaning: 'The enrolment token is not known here.',
    remedy: 'Create a new one with `nervesys token create`.',
  },
  NSV_TOKEN_EXPIRED: {
    status: 401,
    meaning: 'The enrolment token has expired.',
    remedy: 'Create a new one with `nervesys token create`.',
  },
  NSV_TOKEN_USED: {
    status: 401,
    meaning: 'The enrolment token has been used as often as it allows.',
    remedy: 'Create a new one with `nervesys token create`.',
  },
  NSV_TOKEN_REVOKED: {
    status: 401,
    meaning: 'The enrolment token was revoked.',
    remedy: 'Create a new one with `nervesys token create`.',
  },
  NSV_TOKEN_MALFORMED: {
    meaning: 'NERVESYS_TOKEN is not a Nervesys token.',
    remedy: 'Copy the whole string that `nervesys token create` printed.',
  },
  NSV_TOKEN_WRONG_SERVER: {
    status: 403,
    meaning: 'The enrolment token is for servers of another name.',
    remedy: 'Set NERVESYS_SERVER to a name that the token is for, or create a token for this server.',
  },
  NSV_TOKEN_TRIES: {
    status: 429,
    meaning: 'Too many enrolments were refused, from this address or in all.',
    remedy: 'Wait a minute; the agent tries again by itself.',
  },
  NSV_WEBHOOK_TRIES: {
    status: 429,
    meaning: 'Too many webhooks with a wrong signature came, from this address or in all.',
    remedy: 'Wait a minute; give both sides the same secret (NERVESYS_WEBHOOK_SECRET).',
  },
  NSV_AGENT_TOO_OLD: {
    status: 409,
    meaning: 'The agent speaks an older contract than the orchestrator still serves.',
    remedy: 'Install the newer agent; what it keeps in its buffer stays.',
  },
  NSV_ORCHESTRATOR_TOO_OLD: {
    status: 409,
    meaning: 'The agent speaks a newer contract than the orchestrator does.',
    remedy: 'Upgrade the orchestrator first; the agent keeps its records meanwhile.',
  },
  NSV_AGENT_CLONED: {
    status: 409,
    meaning: 'Two machines use the key of one server; this is the one that came later.',
    remedy:
      'Give this machine a name (NERVESYS_SERVER) and a token (NERVESYS_TOKEN) of its own, and restart its agent.',
  },
  NSV_KEY_NOT_DUE: {
    status: 409,
    meaning: 'The key need not be exchanged now.',
    remedy: 'An admin asks for it with `nervesys token rotate --server <name>`.',
  },
  NSV_AGENT_REVOKED: {
    status: 403,
    meaning: "The server's key was revoked.",
    remedy: 'Enrol the server again with a new token.',
  },
  NSV_HEARTBEAT_INVALID: {
    status: 400,
    meaning: 'A heartbeat does not have the documented fields; the others were kept.',
    remedy: 'See the message for the field.',
  },
  NSV_TEMPLATE_INVALID: {
    status: 400,
    meaning: 'A template that a server told does not have the documented fields; the others were kept.',
    remedy: 'See the message for the field.',
  },
  NSV_TOO_MANY_TEMPLATES: {
    status: 429,
    meaning:
      'A server told more templates on one day that nobody had told before than its triage holds; the others were kept.',
    remedy: 'Look at what writes random text on that server; known templates are still counted.',
  },
  NSV_TEMPLATE_UNKNOWN: {
    status: 404,
    meaning: 'No server has told of this template yet, or not for long.',
    remedy: 'Look with `nervesys triage templates`; servers tell of new ones within minutes.',
  },
  NSV_ALERT_UNMARKABLE: {
    status: 409,
    meaning: 'The alert was not made from a template of log lines, so there is nothing to mark.',
    remedy: 'Change the rule or threshold that made it, or silence it (`nervesys alerts silence`).',
  },
  NSV_TOO_MANY_CORRECTIONS: {
    status: 409,
    meaning: 'As many templates are marked as each server can hold; nothing was marked.',
    remedy: 'Export them as rules (`nervesys triage mark --export`), and take back those that are not needed any more.',
  },
  NSV_DATABASE_UNREACHABLE: {
    status: 503,
    meaning: 'Postgres does not answer.',
    remedy: 'Check DATABASE_URL and the server; nothing that was accepted is lost.',
  },
  NSV_DATABASE_FAILED: {
    meaning: 'The embedded Postgres could not be started.',
    remedy: 'See its log below the home; is another one running there?',
  },
  NSV_MIGRATION_FAILED: {
    meaning: 'A database migration failed and was rolled back.',
    remedy: 'See the message; the database is as it was before.',
  },
  NSV_ORCHESTRATOR_UNREACHABLE: {
    meaning: 'The orchestrator did not answer.',
    remedy: 'Is it running? Check the address, or start it with `npm start`.',
  },
  NSV_CERTIFICATE_WRONG: {
    meaning: "The orchestrator's certificate is not the one that the token named, or not one to be trusted.",
    remedy:
      'Is the address right, and does nobody stand in between? After an orchestrator was set up anew, or got another certificate, join again with a new token.',
  },
  NSV_TLS_EXPECTED: {
    status: 400,
    meaning: 'The orchestrator speaks HTTPS, and was spoken to in plain HTTP.',
    remedy: 'Write https:// in its address; a server that joined over http:// joins again with a new token.',
  },
  NSV_TLS_UNUSABLE: {
    meaning: "The orchestrator's certificate or its key cannot be used.",
    remedy: 'See the message; check `tls` in orchestrator.yaml and the files it names.',
  },
  NSV_PLAIN_HTTP_REFUSED: {
    meaning: 'The orchestrator would be reached from other machines over plain HTTP.',
    remedy: 'Use `tls.mode: auto`; behind a proxy with TLS say so with `tls.allow_plain_http: true`.',
  },
  NSV_ORCHESTRATOR_REFUSED: {
    meaning: 'The orchestrator refused a request.',
    remedy: 'See the message for its reason.',
  },
  // Telling people
  NSV_CHANNEL_UNREACHABLE: {
    status: 502,
    meaning: 'What a channel tells by did not answer.',
    remedy: 'It is tried again; check the address, and that the orchestrator may reach it.',
  },
  NSV_CHANNEL_BUSY: {
    status: 503,
    meaning: 'The provider of a channel asked to slow down, or failed for a moment (429, 5xx).',
    remedy: 'Nothing to do; it is tried again.',
  },
  NSV_CHANNEL_DENIED: {
    status: 502,
    meaning: 'The provider of a channel refused its secret, or what the secret opens is gone (401, 403, 404, 410).',
    remedy: 'See the hint; set the secret anew, and try it with `nervesys alerts test`.',
  },
  NSV_CHANNEL_REFUSED: {
    status: 502,
    meaning: 'The provider of a channel refused a message as wrong (another 4xx).',
    remedy: 'See the message for what it said; try it with `nervesys alerts test`.',
  },
  NSV_CHANNEL_UNCONFIGURED: {
    status: 409,
    meaning: "A channel's secret is missing or cannot be used; the other channels go on.",
    remedy: 'Set NERVESYS_CHANNEL_<NAME>_SECRET (or _FILE, or in Vault), and start the orchestrator again.',
  },
  // Secrets in Vault
  NSV_VAULT_UNREACHABLE: {
    meaning: 'Vault did not answer, or asked to try later.',
    remedy: 'Check VAULT_ADDR and that Vault runs; a running orchestrator goes on with the secrets it has.',
  },
  NSV_VAULT_SEALED: {
    meaning: 'Vault is sealed, or was never initialised.',
    remedy: 'Unseal it (`vault operator unseal`); a running orchestrator goes on with the secrets it has.',
  },
  NSV_VAULT_DENIED: {
    meaning: 'Vault refused the sign-in, or the path.',
    remedy: 'Check VAULT_TOKEN, or VAULT_ROLE_ID and VAULT_SECRET_ID, and that their policy may read the path.',
  },
  NSV_VAULT_NOT_FOUND: {
    meaning: 'There is no secret at the path in Vault, or it was deleted.',
    remedy: 'Put one there, or correct VAULT_PATH.',
  },
  NSV_VAULT_INVALID: {
    meaning: 'What answers is not a KV engine of version 2.',
    remedy: 'Check VAULT_ADDR, VAULT_MOUNT, VAULT_PATH and VAULT_NAMESPACE.',
  },
  NSV_CONFIG_NONE: {
    status: 404,
    meaning: 'The orchestrator has no configuration to serve, or not the revision any more that was asked for.',
    remedy: 'Nothing to do on the server: it runs what it has, and asks again.',
  },
  NSV_ROLLOUT_STATE: {
    status: 409,
    meaning: 'The rollout is not in a state in which this can be done.',
    remedy: 'Look with `nervesys config rollout status`.',
  },
  NSV_REVISION_UNUSABLE: {
    status: 409,
    meaning: 'The revision was refused, or is too old to be kept whole.',
    remedy: 'Choose another with `nervesys config rollout status`, or commit what it held again.',
  },
  NSV_GIT_FAILED: {
    meaning: 'The repository of the configuration cannot be followed.',
    remedy: 'Check its address, the branch and what opens it; the last good configuration holds meanwhile.',
  },
  NSV_COMMIT_NOT_SIGNED: {
    meaning: 'A commit of the configuration is not signed by one of the keys in git.signed_by; what ran runs on.',
    remedy:
      "Sign it with one of them and push again, or add the key to `git.signed_by` in the orchestrator's own orchestrator.yaml.",
  },
  // The language model of the triage
  NSV_MODEL_NOT_INSTALLED: {
    meaning: 'A model of a file is to be asked, and the library that runs it (`node-llama-cpp`) was not found.',
    remedy: 'Install it with the command in the message, or use a model behind an address. The triage goes on without.',
  },
  NSV_MODEL_UNUSABLE: {
    meaning: 'The language model cannot be used: its file is missing or none, or its address may not be asked.',
    remedy: 'See the message; try it with `nervesys model test`. The triage goes on without.',
  },
  NSV_MODEL_UNREACHABLE: {
    meaning: 'The server of the language model did not answer, or failed.',
    remedy: 'Check that it runs and answers in time; it is asked again by itself.',
  },
  NSV_MODEL_DENIED: {
    meaning: 'The server of the language model refused the key (401, 403).',
    remedy: 'Set NERVESYS_MODEL_KEY (or _FILE), and start the agent again.',
  },
  NSV_MODEL_FAILED: {
    meaning: "The language model's process ended, hung, or took more memory than it may; it was killed.",
    remedy:
      'Try it with `nervesys model test`; raise its limits, or take a smaller model. It is started again by itself.',
  },
  NSV_MODEL_ANSWER_INVALID: {
    meaning: 'The language model answered something else than a verdict with a reason.',
    remedy: 'If it does so often, take another model.',
  },
  NSV_MODEL_NOT_FETCHED: {
    meaning: 'A model could not be fetched whole.',
    remedy: 'See the message; run the command again, and it goes on where it stopped.',
  },
  NSV_MODEL_MISMATCH: {
    meaning: 'What was fetched is not the file that was asked for: its size, its SHA-256 or its format differs.',
    remedy: 'It was thrown away. Check the address and the SHA-256 at the source.',
  },
  // Configuration and command line
  NSV_CONFIG_INVALID: {
    meaning: 'The configuration has mistakes; all are listed.',
    remedy: 'Correct each named file and path.',
  },
  NSV_SETTING_INVALID: {
    meaning: 'A setting (environment or option) is not usable.',
    remedy: 'See the message for what is expected.',
  },
  NSV_TRIAGE_SET_UNUSABLE: {
    meaning: 'A set of lines for `nervesys triage eval` cannot be read, or what was said of its lines not be written.',
    remedy: 'See the message for the file, and what is expected in it.',
  },
  NSV_HOME_UNUSABLE: {
    meaning: 'NERVESYS_HOME cannot be created or written.',
    remedy: 'Choose another folder with --home, or change its owner.',
  },
  NSV_PORT_IN_USE: {
    meaning: 'The port is taken by another program.',
    remedy: 'Stop that program, or choose another port.',
  },
  NSV_NOT_RUNNING: {
    meaning: 'No running Nervesys was found in this home.',
    remedy: 'Start it with `npm start`, or name its home with --home.',
  },
  NSV_ALREADY_RUNNING: {
    meaning: 'Nervesys already runs in this home.',
    remedy: 'Use the running one, or choose another home with --home.',
  },
  NSV_DASHBOARD_NOT_BUILT: { meaning: 'The page has not been built.', remedy: 'Run `npm run build:dashboard`.' },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERROR_CODES;
