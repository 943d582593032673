/**
 * The session policy (IAM's language) of a server's keys: putting objects below one prefix, and nothing else. What isn't allowed is denied.
 *
 * With `guarded` a put must also carry `If-None-Match`: then the keys can't overwrite even their own prefix, and multipart uploads, whose parts
 * carry no condition, are denied as a whole. Only AWS is known to have this condition key.
 * @param resource an object's name, or a prefix and `*`; names of servers hold no character that means anything here
 */
export function sessionPolicy(options: {
  readonly bucket: string;
  readonly resource: string;
  readonly guarded: boolean;
  /** `aws`, or as in a role's name: `aws-cn`. */
  readonly partition: string;
}): string {
  const { bucket, resource, guarded, partition } = options;
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['s3:PutObject'],
        Resource: [`arn:${partition}:s3:::${bucket}/${resource}`],
        ...(guarded ? { Condition: { Null: { 's3:if-none-match': 'false' } } } : {}),
      },
    ],
  });
}
