import { dateParts } from '../dates.ts';
import { borderline, routine, type System } from '../system.ts';

/** A phone's health app. Has no trouble at all: nobody on call wants to hear of it. Values between bars. */
export const steps: System = {
  name: 'Strider',
  seed: 4104,
  startsAt: Date.UTC(2026, 7, 23, 5, 40, 0),
  gapMs: 4_000,
  header: ({ at, component }) => {
    const { year, month, day, hour, minute, second, millis } = dateParts(at);
    return `${year}/${Number(month)}/${Number(day)} ${Number(hour)}.${Number(minute)}.${Number(second)}.${Number(millis)}|${component}|{int:21200..21299}|`;
  },
  values: {
    sport: ['walking', 'running', 'cycling', 'pool swim', 'unknown'],
    action: [
      'android.intent.action.SCREEN_ON',
      'android.intent.action.SCREEN_OFF',
      'android.intent.action.TIME_TICK',
      'strider.intent.SYNC',
    ],
    device: ['Band 6', 'Watch GT {int:2..5}', 'Scale-{HEX:4}', 'phone'],
  },
  statements: [
    ...routine(`
      220 - StepEngine | onCounterTick {int:100..19999}
      160 - StepEngine | buffer flushed|{int:0..90}|{int:0..9}|{bool}
      140 - Totals | today total = {int:100..19999}##{int:0..900}##{int:0..90}##{int:0..40000}
      120 - StepEngine | extended:{int:1000000..1999999} {int:0..90} {int:0..9} {int:0..30}
      110 - Totals | store total={int:0..19999}|{float:0..900;1}|{float:0..14000;2}
      90 - Report | SUMMARY : {int:5000..9000} {int:300..600} {int:10000..19000} {int:0..240}
      80 - Receiver | broadcast in: {action@}
      ^ - Receiver | handled broadcast:{action@}
      60 - Cache | cache state|{int:0..64}|next={int:60..900}s|dirty={bool}
      30 - Sleep | state {one:awake|light|deep|rem} -> {one:awake|light|deep|rem}, confidence={float:0..1;2}
      30 - Heart | bpm={int:48..171} quality={int:0..3} wear={bool} source="{device}"
      20 - Heart | skipped a sample, wear=false
      20 - Sync | sync begin, token={hex:12}, types=[{list:sport;0..4;, }]
      ^ - Sync | sync end, sent={int:0..300} received={int:0..30} failed=0 error=null
      14 - Bt | connection state of {device} changed: {one:0|1|2} -> {one:0|1|2}
      12 - Goal | {int:1..100}% of daily goal {one:6000|8000|10000}
      10 - Workout | start {sport} gps={bool} autopause={bool}
      10 - Workout | stop {sport} distance={float:0..21;2}km time={clock} pauses={int:0..6}
      9 - Gps | fix accuracy {float:2..60;1}m satellites={int:3..24} lat={float:-33..60;5} lon={float:-10..40;5}
      8 - Db | upsert total={int:1..300} id={big:6}
      !60 - Db | retention: removed {int:0..400} rows older than {int:30..365} days
      !40 - Gps | no fix yet, {int:1..90}s
      ~ - Alarm | heart rate alarm disabled by user, threshold was {int:100..180}
      ~ - Alarm | sedentary reminder fired after {int:50..90} min
      ~ - App | onCreate version={int:3..9}.{int:0..20}.{int:0..9} build={big:7} locale={one:he_IL|en_GB|de_DE}
      ~ - App | onDestroy
      ~ - App | low memory callback level={int:5..80}, trimmed {int:1..40} bitmaps
      ~ - App | crash reporter is off (no consent)
      ~ - Weight | {float:52..101;1}kg fat={float:9..34;1}% from {device} user={one:1|2|guest}
      ~ - Bt | pairing with {device} succeeded, rssi={int:-90..-40}
      ~ - Migrate | schema {int:10..14} -> {int:15..19} done in {dur}
      ~ - Badge | "{one:Early Bird|Marathon Month|Ten Floors}" awarded
      ~ - Upload | {int:1..9} kill switch flags read, none set
      ~ - Privacy | permission {one:LOCATION|BODY_SENSORS|ACTIVITY} is {one:granted|denied}
    `),
    ...borderline(`
      16 - Sync | sync failed, code={int:400..599}, retry in {int:30..900}s
      9 - Bt | gatt error {int:8..133} from {device}, reconnecting
      ~ - Db | query took {int:900..4000}ms: {one:daily_totals|sleep_segments}
      ~ - Gps | provider "gps" not available, falling back to network
      ~ - App | ANR watchdog: main thread busy for {int:5000..9000}ms
      ~ - Heart | sensor returned null {int:3..20} times
    `),
  ],
};
