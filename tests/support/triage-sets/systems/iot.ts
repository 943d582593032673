import { borderline, routine, type System, trouble } from '../system.ts';

/** A gateway of sensors and actuators in buildings; counts ticks since boot, terse as small devices are. */
export const iot: System = {
  name: 'Hearthgw',
  seed: 4113,
  startsAt: Date.UTC(2026, 0, 1, 0, 0, 0),
  gapMs: 8_000,
  header: ({ at, level, component }) =>
    `[{pad:0..9;2}:${String(Math.floor((at - Date.UTC(2026, 0, 1)) / 10) % 100_000_000).padStart(8, '0')}] <${level}> ${component}> `,
  values: {
    dev: ['0x{hex:4}', 'boiler/1', 'door.{int:1..14}', 'meter-{HEX:6}', 'Kitchen lamp', 'roof_pv'],
    topic: ['bld/{int:1..4}/fl/{int:0..9}/temp', 'bld/{int:1..4}/co2', '$SYS/uptime', 'cmd/{dev}/set'],
    unit: ['C', '%RH', 'ppm', 'kWh', 'lx', 'hPa'],
    hop: ['0x{hex:4}'],
    on: ['ON', 'OFF', 'AUTO'],
  },
  statements: [
    ...routine(`
      320 I mqtt | pub {topic} qos={int:0..2} len={int:2..300}
      240 I sens | {dev} {float:-20..1200;1}{unit} bat={int:5..100}% rssi={int:-99..-31}
      120 I zb | rx nwk={hex:4} ep={int:1..9} cl=0x{hex:4} lqi={int:20..255}
      80 I act | relay {dev} -> {on}
      70 D zb | route to 0x{hex:4} via [{list:hop;0..4; }] cost {int:1..15}
      40 I sched | rule '{one:night mode|water garden|alarm clock}' fired, {int:0..9} action(s)
      36 I modbus | slave {int:1..32} regs {int:0..400}+{int:1..40} ok ({int:4..90}ms)
      24 I net | rtt {int:1..300}ms loss {int:0..2}% gw={ip}
      20 I ota | {dev} at block {int:0..4000}/{int:4000..8000}
      14 I time | sntp step {int:-900..900}ms
      !90 I zb | {dev} announced, parent 0x{hex:4}, sleepy={bool}
      !30 D mqtt | puback mid={int:1..65535}
      ~ E sys | boot reason={one:POWERON|OTA|RESET_PIN} fw={int:2..4}.{int:0..30} free={int:40000..180000}
      ~ I sys | heap {int:40000..180000} frag {int:1..40}% err 0
      ~ I zb | permit join {int:60..254}s
      ~ I zb | channel {int:11..26} pan 0x{hex:4} ok
      ~ I mqtt | connected to {one:mqtt://broker.local:1883|mqtts://[fd00::5]:8883} clean={bool}
      ~ I alarm | siren self-test passed
      ~ I alarm | zone {int:1..9} armed by {one:keypad|app|schedule}
      ~ E smoke | detector {dev} tested by user, smoke=0
      ~ I act | valve {int:1..9} closed, leak=0
      ~ I fs | gc reclaimed {int:1..90} sectors, 0 bad
      ~ I ota | {dev} rolled forward to {int:1..4}.{int:0..9}.{int:0..9}
    `),
    ...borderline(`
      30 W zb | tx fail 0x{hex:4} st=0x{hex:2}, retry {int:1..3}
      24 W mqtt | reconnect in {int:1..64}s (rc={int:-5..5})
      16 W modbus | slave {int:1..32} timeout, retry
      12 W sens | {dev} battery low {int:1..10}%
      9 W sens | {dev} value {float:-400..9000;1} out of range, ignored
      ~ W time | sntp no answer
      ~ E ota | {dev} crc mismatch at block {int:0..4000}, restarting transfer
    `),
    ...trouble(`
      ~ E smoke | detector {dev}: SMOKE level {int:60..400}
      ~ E leak | water at {dev}, valve {int:1..9} closes
      ~ E sens | freezer {one:1|2|lab} {float:-9..6;1}C above -10.0C for {int:30..240} min
      ~ E mqtt | broker gone for {int:600..9000}s, queue full, dropping oldest
      !30 I zb | {dev} not heard for {int:4..90}h, removed
      ~ E zb | coordinator not responding, radio reset failed
      ~ E fs | flash worn out: write at 0x{hex:6} failed {int:3..9}x
      ~ E sys | boot reason=WDT task={one:zb|mqtt|ui} pc=0x{hex:8}
      ~ E sys | boot reason=PANIC pc=0x{hex:8} excvaddr=0x{hex:8}
      ~ E sys | malloc({int:1000..90000}) = 0
      ~ I power | mains lost, on battery {int:10..100}%
      ~ E act | boiler/1 overpressure {float:3.1..6;2} bar, burner locked
      ~ W alarm | zone {int:1..9} intrusion, motion={int:1..9} door={one:open|forced}
      ~ E modbus | slave {int:1..32} silent since {clock}, bus off
    `),
  ],
};
