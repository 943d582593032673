import { dateParts } from '../dates.ts';
import { borderline, routine, type System } from '../system.ts';

/** A build service's worker. Full of words of failure, none of which is news to anybody on call: it has no trouble. */
export const builds: System = {
  name: 'Anvil',
  seed: 4116,
  startsAt: Date.UTC(2026, 3, 20, 13, 0, 0),
  gapMs: 900,
  header: ({ at, level, component }) => {
    const { hour, minute, second, millis } = dateParts(at);
    return `${hour}:${minute}:${second}.${millis} #{int:4000..4100} ${level.padEnd(7)} (${component}) `;
  },
  values: {
    file: [
      'src/{word}.c',
      'lib/{word}/{word}_error.c',
      'src/panic.rs',
      'test/{word}.test.ts',
      'include/{word}.h',
      'app/models/Failed Order.rb',
    ],
    word: ['parser', 'socket', 'retry', 'crash_report', 'matrix', 'queue', 'fault'],
    test: [
      '{word} rejects bad input',
      'throws when the disk is full',
      '{word} > survives a killed worker',
      'no error on empty list',
      'returns 500 if the database is down',
    ],
    target: ['//core:{word}', '//app:{word}_test', 'lib{word}.so', 'all'],
    ref: ['{hex:12}', 'refs/heads/fix-crash', 'refs/heads/main', 'refs/pull/{int:1..900}/head'],
    label: ['linux', 'arm64', 'gpu', 'big-disk'],
    repo: ['git@git.example.com:core/anvil.git', 'https://git.example.com/app.git'],
  },
  statements: [
    ...routine(`
      260 INFO compile | [{int:1..900}/{int:900..901}] CC {file}
      200 INFO test | ok {int:1..4000} - {test} ({int:0..900} ms)
      80 INFO cache | hit {hex:40} {target}
      70 INFO cache | miss {hex:40} {target}
      60 INFO link | LD {target} ({size})
      40 INFO fetch | fetched {ref} of {repo} as {hex:12}
      34 INFO deps | resolved {word}@{int:0..9}.{int:0..20}.{int:0..9}{maybe:-rc.{int:1..4}} from {one:registry|cache|lockfile}
      30 DEBUG compile | flags: -O2 {maybe:-g }-Wall -Werror -Wno-error=deprecated -DPANIC_ON_FAULT={int:0..1} -I{one:include|vendor/inc}
      20 INFO step | step '{one:build|unit tests|lint|package (deb)}' took {dur}
      14 INFO artifact | uploaded {file} as {uuid}
      12 INFO test | skipped {int:1..4000} - {test} # {one:flaky|needs root|}
      !80 INFO test | injected fault {int:1..200}: worker killed with SIGKILL, recovered
      !40 ERROR test | expected error was thrown: {one:ENOSPC|"connection refused"|FatalError}
      ~ INFO worker | idle for {int:1..60} min
      ~ INFO worker | workspace /var/anvil/{hex:8} removed
      ~ INFO worker | labels: [{list:label;1..5;, }]
      ~ INFO step | summary: {int:100..4000} passed, 0 failed, {int:0..30} skipped
      ~ ERROR test | crash suite: 40 crashes provoked, 40 caught
      ~ INFO notify | build is green again, told {int:1..9} people
      ~ INFO worker | cgroup limits: memory={size} pids={int:100..4000}
      ~ INFO coverage | lines {float:60..99;1}% branches {float:50..95;1}% uncovered: error paths in {file}
      ~ INFO sign | {file} signed with key {HEX:16}
      ~ INFO deps | {int:0..9} vulnerabilities, 0 critical
    `),
    ...borderline(`
      60 WARNING compile | {file}:{int:1..900}:{int:1..90}: unused variable '{one:err|ret|fatal}' [-Wunused-variable]
      30 ERROR compile | {file}:{int:1..900}:{int:1..90}: expected ';' before '{one:return|)|{word}}'
      26 ERROR test | not ok {int:1..4000} - {test}
      ^ ERROR test | expected {int:0..90}, got {int:-9..90}
      12 WARNING fetch | transfer of {repo} interrupted, once more ({int:1..3}/3)
      9 ERROR step | step '{one:build|unit tests|lint|package (deb)}' failed with exit code {int:1..2}
      ~ ERROR lint | {int:1..40} problem(s) in {int:1..9} file(s)
      ~ WARNING cache | entry {hex:40} did not match its digest, built anew
      ~ WARNING test | timed out after {int:30..300} s: {test}
      ~ ERROR deps | no version of {word} satisfies {one:^|~|>=}{int:1..9}.{int:0..9}
    `),
  ],
};
