import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { median, round, say } from "./report.ts";
import { FIRST_DAY, customer, seedCustomers } from "./seed-customers.ts";
import { startServer } from "./server-process.ts";
import { withFolder } from "./with-folder.ts";

/** BENCH_DELIVERIES makes it less, for a first look. */
const DELIVERIES = Number(process.env["BENCH_DELIVERIES"] ?? 1_000_000);
const TIMES = 7;
const OPERATOR = randomUUID();
const AUDITOR = randomUUID();
const NO_DELIVERIES = { BENCH_DELIVER: "0", DELIVERY_ALLOW_CIDRS: "127.0.0.2/32" };

const day = (number: number): string => new Date(FIRST_DAY + number * 86_400_000).toISOString();
const ONE_DAY = `from=${day(12)}&to=${day(13)}`;
const SMALL = 77;

const EVENTS = [
  `user_id=1&${ONE_DAY}`,
  `user_id=${SMALL}&${ONE_DAY}`,
  `endpoint_id=${SMALL}&${ONE_DAY}`,
  `user_id=${SMALL}`,
  `user_id=1&endpoint_id=1`,
  "type=UserCreated",
  "type=DeliveryAttempted",
  "outcome=failed",
  `outcome=failed&user_id=1&${ONE_DAY}`,
  "outcome=unknown",
  `actor=user:${SMALL}`,
  "actor=nobody",
  `actor=user:1&type=EndpointRegistered`,
  ONE_DAY,
  `type=DeliveryRequested&${ONE_DAY}`,
  `user_id=${SMALL}&type=DeliveryRequested`,
  `stream=endpoint-*&user_id=1`,
  "stream=endpoint-*&type=DeliveryRequested",
  "delivery_id=FOUND",
];
const LISTS = [
  `user_id=1&${ONE_DAY}&limit=100`,
  `username=${customer(SMALL).username}&${ONE_DAY}`,
  `email=${customer(SMALL).email}`,
  `url=${encodeURIComponent(customer(1).url)}&${ONE_DAY}`,
  `endpoint_id=${SMALL}`,
  "reference=order%20500000",
  "reference=nothing",
  ONE_DAY,
  "",
];

/** What each filter of an auditor takes over a log of a million deliveries, through HTTP: the median and the longest. */
export async function benchFind(): Promise<void> {
  await withFolder(async (folder) => {
    const seeding = performance.now();
    await seedCustomers(folder, DELIVERIES);
    say(`a log of ${round(DELIVERIES)} deliveries, seeded in ${round((performance.now() - seeding) / 1_000)} s`);
    const keys = { OPERATOR_API_KEY: OPERATOR, AUDITOR_API_KEY: AUDITOR };
    const building = performance.now();
    const gateway = await startServer("gateway-server", {
      ...{ DATA_DIR: folder, LOG_LEVEL: "error" },
      ...keys,
      ...NO_DELIVERIES,
    });
    try {
      await untilLive(gateway.address);
      say(`  read models made in ${round((performance.now() - building) / 1_000)} s`);
      const listed = (await (await ask(gateway.address, "deliveries?user_id=1&limit=1")).json()) as {
        data: { id: string }[];
      };
      const found = listed.data[0]?.id ?? "";
      for (const query of EVENTS) await measure(gateway.address, `events?${query.replace("FOUND", found)}`);
      for (const query of LISTS) await measure(gateway.address, `deliveries?${query}`);
    } finally {
      await gateway.stop();
    }
  });
}

async function measure(address: string, path: string): Promise<void> {
  const times: number[] = [];
  let answer = "";
  for (let time = 0; time < TIMES; time++) {
    const startedAt = performance.now();
    const reply = await ask(address, path);
    answer = await reply.text();
    times.push(performance.now() - startedAt);
    if (!reply.ok) throw new Error(`${path}: ${answer}`);
  }
  const bytes = round(answer.length / 1_000);
  say(
    `  ${path.padEnd(90)} ${round(median(times), 1).padStart(8)} ms, longest ${round(Math.max(...times), 1)} ms, ${bytes} kB`,
  );
}

function ask(address: string, path: string): Promise<Response> {
  return fetch(`${address}/v1/audit/${path}`, { headers: { "x-api-key": AUDITOR } });
}

async function untilLive(address: string): Promise<void> {
  for (;;) {
    const reply = await fetch(`${address}/v1/admin/projections`, { headers: { "x-api-key": OPERATOR } });
    const { data } = (await reply.json()) as { data: { state: string; lag_events: number }[] };
    if (reply.ok && data.every(({ state, lag_events: lag }) => state === "live" && lag === 0)) return;
    await wait(500);
  }
}
