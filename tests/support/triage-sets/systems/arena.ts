import { dateParts } from '../dates.ts';
import { borderline, routine, type System, trouble } from '../system.ts';

/** A server of a game: ticks, matches, players that join and leave, anti-cheat. */
export const arena: System = {
  name: 'Arenacore',
  seed: 4204,
  startsAt: Date.UTC(2026, 6, 18, 19, 0, 0),
  gapMs: 1_000,
  header: ({ at, level, component }) => {
    const { hour, minute, second } = dateParts(at);
    return `[${hour}:${minute}:${second}] [${component} thread/${level}]: `;
  },
  values: {
    player: ['xX_Noa_Xx', 'DanTheMan{int:1..99}', 'כפיר', 'errorist', 'Bot {int:1..16}', 'mira'],
    map: ['dust', 'glacier', 'old_harbour', 'space port'],
  },
  statements: [
    ...routine(`
      220 INFO Net | connection {int:1000..90000} from {ipport} accepted, protocol {int:40..60}
      160 INFO Match | round {int:1..30} of match {int:10000..90000} ended {int:0..16}:{int:0..16}
      120 INFO Net | connection {int:1000..90000} closed after {int:1..9000} s, {int:0..900} KB sent, {int:0..90} lost
      100 DEBUG World | chunk [{int:-900..900}, {int:-900..900}] loaded in {int:1..90} ms
      80 INFO Auth | {player} joined with entity id {int:1..90000} at ({float:-900..900;2}, {float:0..200;2}, {float:-900..900;2})
      60 INFO Auth | {player} left the game
      40 INFO World | saved {int:1..900} chunk(s) in {int:1..900} ms
      30 INFO Match | match {int:10000..90000} starts on {map}, {int:2..32} player(s)
      14 INFO Chat | {player} says {one:gg|server crashed my game lol|who is afk?|FATAL ERROR haha}
      !40 INFO Rank | player {int:1000..90000} rated {int:800..2600} ({int:-30..30})
      ~ ERROR Main | done ({float:2..40;3}s), type "help" for help
      ~ INFO Main | server id {uuid}, tick rate {int:20..128}
      ~ INFO World | keeping spawn area loaded, {int:0..100}%
      ~ INFO Admin | {player} was banned by admin for "{one:cheating|spam|crashing others}"
      ~ INFO Admin | difficulty set to {int:0..3}
      ~ INFO Net | region probe: {int:1..300} ms, 0 failed
    `),
    ...borderline(`
      30 WARN Tick | {int:2..90} tick(s) behind, skipping them
      20 WARN Net | {player} moved wrongly, set back
      ~ WARN Auth | token of {player} is not valid, sent away
      ~ ERROR Script | error in mod 'fireworks' line {int:1..900}: attempt to index a nil value
      ~ WARN Net | connection {int:1000..90000} timed out
    `),
    ...trouble(`
      ~ FATAL Watchdog | a single tick took {float:60..90;2} seconds, server is considered crashed
      ~ ERROR World | region file r.{int:-9..9}.{int:-9..9} is corrupt, {int:1..1024} chunk(s) lost
      ~ ERROR Main | uncaught exception in server loop: {one:NullPointerException|StackOverflowError|IndexOutOfBounds: 32}
      ~ ERROR World | save failed: no space left on disk
      ~ INFO Match | match {int:10000..90000} aborted, server {int:1..40} vanished with {int:2..32} player(s)
      !14 ERROR Rank | database does not answer, rating of player {int:1000..90000} is lost
      ~ WARN Net | {int:10000..900000} packets per second from {int:100..9000} addresses, flood attack, joining is closed
      ~ ERROR Auth | login service down since {int:2..90} min, nobody can join
    `),
  ],
};
