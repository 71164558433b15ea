import { hash, randomUUID } from "node:crypto";
import type { AnyProjection } from "../src/projections/projection.ts";
import type { GatewayEvent, KnownEvent } from "../src/events/catalogue.ts";
import { ENDPOINTS_EACH, FLOODER, RECEIVER, USERS, badNight } from "./bad-night.ts";
import { built } from "./built.ts";
import { quantile, round, say } from "./report.ts";
import { startServer } from "./server-process.ts";
import { withFolder } from "./with-folder.ts";

/** BENCH_DELIVERIES makes it less, for a first look. */
const DELIVERIES = Number(process.env["BENCH_DELIVERIES"] ?? 1_000_000);
const BATCH = 20_000;
const ASKED = 50;
const LIMIT_MS = 200;
const OPERATOR = randomUUID();

/** A user with few deliveries, and one of that user's endpoints. */
const QUIET = 502;
const QUIET_ENDPOINT = (QUIET - 1) * ENDPOINTS_EACH + 1;

const VIEWS = [
  "overview",
  "endpoints?limit=100",
  "users?limit=100",
  "users?order=rate&limit=100",
  ...["due", "due&within=7200", "held", "under_way", "failed"].flatMap((state) => [
    `deliveries?state=${state}&limit=100`,
    `deliveries?state=${state}&limit=100&user_id=${FLOODER}`,
    `deliveries?state=${state}&limit=100&user_id=${QUIET}`,
    `deliveries?state=${state}&limit=100&endpoint_id=${QUIET_ENDPOINT}`,
  ]),
];

/**
 * How long each of the operators' views takes over 1M deliveries: each is asked 50 times, the first page and then the
 * page after it. The read models are filled as a projection folds them, without a log of that size, which no view reads.
 */
export async function benchViews(): Promise<void> {
  await withFolder(async (folder) => {
    const env = { DATA_DIR: folder, LOG_LEVEL: "error", OPERATOR_API_KEY: OPERATOR, BENCH_DELIVER: "0" };
    await registerAll(folder);
    const first = await startServer("gateway-server", env);
    await untilLive(first.address);
    await first.stop();
    const startedAt = performance.now();
    await fill(folder);
    say(`${round(DELIVERIES)} deliveries, folded in ${round((performance.now() - startedAt) / 1_000)} s`);
    const gateway = await startServer("gateway-server", env);
    await untilLive(gateway.address);
    // The counts that are not read for each reply.
    await ask(gateway.address, "overview");
    let slowest = 0;
    for (const view of VIEWS) slowest = Math.max(slowest, await measure(gateway.address, view));
    say(`slowest ${round(slowest, 1)} ms, wanted at most ${LIMIT_MS}`);
    await gateway.stop();
  });
}

async function measure(address: string, view: string): Promise<number> {
  const times: number[] = [];
  let cursor: string | null = null;
  let rows = 0;
  for (let n = 0; n < ASKED; n++) {
    const startedAt = performance.now();
    const page: { data?: unknown[]; next_cursor?: string | null } = await ask(
      address,
      cursor === null ? view : `${view}&cursor=${cursor}`,
    );
    times.push(performance.now() - startedAt);
    rows += page.data?.length ?? 0;
    cursor = page.next_cursor ?? null;
  }
  const [p50, p99, most] = [quantile(times, 0.5), quantile(times, 0.99), Math.max(...times)];
  say(
    `  ${view.padEnd(52)} p50 ${round(p50, 1)} ms, p99 ${round(p99, 1)} ms, most ${round(most, 1)} ms, ${round(rows)} rows`,
  );
  return most;
}

async function ask(address: string, view: string): Promise<{ data?: unknown[]; next_cursor?: string | null }> {
  const reply = await fetch(`${address}/v1/admin/${view}`, { headers: { "x-api-key": OPERATOR } });
  if (!reply.ok) throw new Error(`${view}: ${reply.status} ${await reply.text()}`);
  return (await reply.json()) as { data?: unknown[]; next_cursor?: string | null };
}

async function untilLive(address: string): Promise<void> {
  for (;;) {
    const { projections } = (await ask(address, "overview")) as unknown as {
      projections: { name: string; live: boolean }[];
    };
    if (projections.length > 5 && projections.every(({ live }) => live)) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Begins the log with the users and their endpoints. */
async function registerAll(folder: string): Promise<void> {
  const { openDataDirectory } = await built<typeof import("../src/events/store/sqlite/files/data-directory.ts")>(
    "events/store/sqlite/files/data-directory",
  );
  const { SqliteEventStore } = await built<typeof import("../src/events/store/sqlite/sqlite-event-store.ts")>(
    "events/store/sqlite/sqlite-event-store",
  );
  const { eventsToAppend } = await built<typeof import("../src/commands/handling/command-context.ts")>(
    "commands/handling/command-context",
  );
  const { DEFAULT_SETTINGS } = await built<typeof import("../src/events/chosen-settings.ts")>("events/chosen-settings");
  const directory = openDataDirectory(folder);
  const store = await SqliteEventStore.open({ directory: directory.path });
  const now = new Date().toISOString();
  const append = (stream: string, event: GatewayEvent) => {
    const context = { commandId: randomUUID(), correlationId: randomUUID(), actor: "benchmark" };
    return store.append(stream, eventsToAppend([event], context), "no_stream");
  };
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);
  await Promise.all(
    numbers(USERS).map((userId) => {
      const names = { userId, username: `user_${userId}`, email: null, apiKeyDigest: hash("sha256", String(userId)) };
      return append(`user-${userId}`, { type: "UserCreated", data: { ...names, createdAt: now } });
    }),
  );
  await Promise.all(
    numbers(USERS * ENDPOINTS_EACH).map((endpointId) => {
      const userId = Math.ceil(endpointId / ENDPOINTS_EACH);
      const names = { endpointId, userId, url: RECEIVER, nickname: "the shop", sealedKeys: null };
      const data = { ...names, ...DEFAULT_SETTINGS, registeredAt: now };
      return append(`endpoint-${endpointId}`, { type: "EndpointRegistered", data });
    }),
  );
  await store.close();
  directory.release();
}

/** Folds the night into the read models of deliveries, and leaves their checkpoints where the log ends. */
async function fill(folder: string): Promise<void> {
  const { SqliteDocumentStore } = await built<
    typeof import("../src/projections/store/sqlite/sqlite-document-store.ts")
  >("projections/store/sqlite/sqlite-document-store");
  const { PROJECTIONS } = await built<typeof import("../src/projections/read-models.ts")>("projections/read-models");
  const { foldBatch } = await built<typeof import("../src/projections/folding/fold-batch.ts")>(
    "projections/folding/fold-batch",
  );
  const { checkpointNameOf, collectionOf } =
    await built<typeof import("../src/projections/projection.ts")>("projections/projection");
  const documents = SqliteDocumentStore.open(folder);
  const models = PROJECTIONS.filter(
    ({ name, categories }) => categories?.includes("delivery") && name !== "audit-tree",
  );
  const checkpoints = await Promise.all(models.map((model) => documents.checkpoint(checkpointNameOf(model))));
  const folded = async (batch: readonly KnownEvent[]): Promise<void> => {
    for (const model of models) await foldBatch(model, documents, batch);
  };
  // As the first fill of a read model: the indexes are made at the end.
  for (const model of models as readonly AnyProjection[]) {
    await documents.drop(collectionOf(model), checkpointNameOf(model));
    await documents.prepare(collectionOf(model), "later");
  }
  let batch: KnownEvent[] = [];
  for (const events of badNight(DELIVERIES, Date.now())) {
    batch.push(...events);
    if (batch.length < BATCH) continue;
    await folded(batch);
    batch = [];
  }
  await folded(batch);
  for (const [index, model] of (models as readonly AnyProjection[]).entries()) {
    await documents.prepare(collectionOf(model));
    await documents.write(collectionOf(model), [], checkpoints[index] ?? null);
  }
  await documents.close();
  say(`  of ${USERS} users, user ${FLOODER} has half of them`);
}
