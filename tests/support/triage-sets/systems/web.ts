import { dateParts } from '../dates.ts';
import { borderline, routine, type System, trouble } from '../system.ts';

/** Stands behind most of what goes wrong with a request. */
const TAIL = 'client: {ip}, server: {host}, request: {request}, host: "{host}"';

/** A web server and reverse proxy: requests as they were answered, and what went wrong, in one file. */
export const web: System = {
  name: 'Frontgate',
  seed: 4108,
  startsAt: Date.UTC(2026, 9, 1, 6, 25, 0),
  gapMs: 400,
  header: ({ at, level, component }) => {
    const { year, month, day, hour, minute, second, monthName } = dateParts(at);
    if (component === 'access') return `[${day}/${monthName}/${year}:${hour}:${minute}:${second} +0300] `;
    return `${year}/${month}/${day} ${hour}:${minute}:${second} [${level}] {int:20..99}#{int:20..99}: `;
  },
  values: {
    page: [
      '/',
      '/api/v1/cart',
      '/api/v1/cart/{int:1..9000}/items?expand=price',
      '/static/app.{hex:8}.js',
      '/login',
      '/img/{int:1..900}.webp',
      '/search?q={one:red+shoes|%D7%A9%D7%9C%D7%95%D7%9D|error+404}&page={int:1..9}',
      '/favicon.ico',
      '/wp-login.php',
      '/.env',
    ],
    agent: [
      'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/{int:110..140}.0',
      'curl/8.{int:0..9}.{int:0..2}',
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_{int:0..6} like Mac OS X)',
      'kube-probe/1.{int:25..31}',
      '-',
      'ErrorBot/2.1 (+https://example.org/bot)',
    ],
    host: ['shop.example.com', 'www.example.com', 'api.example.com', '_'],
    upstream: [
      'http://10.0.{int:0..3}.{int:2..40}:8080{page}',
      'http://[fd00::{hex:2}]:8080{page}',
      'fastcgi://unix:/run/php/php-fpm.sock:',
    ],
    verb: ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'],
    request: ['"{verb} {page} HTTP/{one:1.1|2.0}"'],
  },
  statements: [
    ...routine(`
      700 - access | {ip} - {one:-|noa|api-key-7} {request} {one:200|200|200|304|301|404|206|499} {big:6} "{one:-|https://www.example.com/|https://search.example.org/?q=shoes}" "{agent}" rt={float:0..2;3} uct={one:-|0.000|0.004} urt={one:-|0.012|0.310}
      60 info core | *{big:8} peer {ip} ended its idle connection
      30 notice cache | cache swept: /var/cache/frontgate {float:10..900;3}M, bsize: 4096
      24 info tls | *{big:8} client asked for {one:h2|http/1.1|} by ALPN, {one:TLSv1.3|TLSv1.2} cipher {one:TLS_AES_256_GCM_SHA384|ECDHE-RSA-AES128-GCM-SHA256}
      12 alert core | signal {one:17 (SIGCHLD)|1 (SIGHUP)|29 (SIGIO)} received from {int:1..900}
      10 notice core | worker process {int:20..9000} exited with code 0
      9 notice core | start worker process {int:20..9000}
      !50 debug rewrite | *{big:8} "^/old/(.*)$" matches "/old/{one:shop|error|failed-orders}", rewritten to "/{one:shop|errors|orders}"
      ~ notice core | events by "{one:epoll|kqueue}"
      ~ notice core | frontgate/1.{int:20..29}.{int:0..4}
      ~ notice core | getrlimit(NOFILE): {int:1024..65536}:{int:1024..1048576}
      ~ notice core | reconfiguring
      ~ notice core | finishing what is open, then leaving
      ~ notice health | peer {ipport} is healthy again, upstream "{one:cart|search}"
      ~ info acme | certificate of {host} renewed, next renewal on {day}
      ~ info geo | {int:1..90} range(s) reloaded, {int:0..3} overlapped
      ~ alert core | error_page 502 of server {host} is /sorry.html
    `),
    ...borderline(`
      60 error static | *{big:8} open() "/srv/www{page}" failed (2: No such file or directory), ${TAIL}
      30 error static | *{big:8} access forbidden by rule, ${TAIL}
      26 warn proxy | *{big:8} answer too large for memory, parked in /var/cache/tmp/{int:1..9}/{pad:0..99;2}/{pad:0..999999;10}, ${TAIL}, upstream: "{upstream}"
      20 error limit | *{big:8} request slowed, {float:5..40;3} above zone "{one:perip|login}", ${TAIL}
      16 info tls | *{big:8} handshake failed (error:{HEX:8}:SSL routines::{one:no shared cipher|unsupported protocol|bad key share}) while shaking hands, client: {ip}, server: 0.0.0.0:443
      14 error auth | *{big:8} user "{one:admin|test|שרה|}": password mismatch, ${TAIL}
      12 error proxy | *{big:8} backend too slow (110: Connection timed out) to send a header, ${TAIL}, upstream: "{upstream}"
      ~ error core | *{big:8} body of {big:9} bytes is more than allowed, ${TAIL}
      ~ warn core | server name "{host}" is there twice for {one:0.0.0.0:80|[::]:443}, second ignored
      ~ warn ocsp | stapling off, issuer unknown of "/etc/tls/{host}.pem"
    `),
    ...trouble(`
      !40 error proxy | *{big:8} every backend is out, request fails, ${TAIL}, upstream: "{upstream}"
      !30 alert core | all {int:512..4096} connection slots in use
      ~ crit core | accept4() failed (24: Too many open files)
      ~ alert core | worker process {int:20..9000} exited on signal {one:11|6|9}{maybe: (core dumped)}
      ~ emerg core | bind() to {one:0.0.0.0:443|[::]:80} failed (98: Address already in use)
      ~ emerg tls | cannot load certificate "/etc/tls/{host}.pem": {one:BIO_new_file() failed|PEM_read_bio_X509() failed}
      ~ crit static | *{big:8} pwrite() "/var/cache/tmp/{int:1..9}/{pad:0..999999;10}" failed (28: No space left on device) while reading upstream, ${TAIL}
      ~ alert core | no new worker (12: Cannot allocate memory)
      ~ info health | all {int:2..9} peers of upstream "{one:cart|search|checkout}" are down
      ~ emerg core | unexpected end of file, expecting ";" or "}}" in /etc/frontgate/conf.d/{one:shop|api}.conf:{int:3..200}
      ~ crit cache | shared memory zone "{one:perip|cache}" has no room left, {int:1..900} entries evicted by force
    `),
  ],
};
