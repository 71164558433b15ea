import { randomUUID } from "node:crypto";
import { createAccount, dispatchBody } from "./client.ts";
import { quantile, round, say } from "./report.ts";
import { seedLog } from "./seed-log.ts";
import { startServer } from "./server-process.ts";
import type { ServerProcess } from "./server-process.ts";
import { withFolder } from "./with-folder.ts";

/** BENCH_EVENTS makes it less, for a first look. */
const EVENTS = Number(process.env["BENCH_EVENTS"] ?? 1_000_000);
const PER_SECOND = 300;
const SECONDS = 10;
const OPERATOR = randomUUID();
/** Nothing is sent, to a place that would be allowed. */
const NO_DELIVERIES = { BENCH_DELIVER: "0", DELIVERY_ALLOW_CIDRS: "127.0.0.2/32" };

interface Shown {
  readonly name: string;
  readonly state: string;
  readonly rebuild: { readonly phase: string; readonly position: string | null } | null;
  readonly last_comparison: { readonly differing: number; readonly undecided: number } | null;
  readonly digest: { readonly sha256: string; readonly exact: boolean } | null;
}

/**
 * A rebuild of `deliveries` from a log of 1M events while the gateway takes 300 dispatches a second and is read all the
 * time; then one that is killed in the middle and goes on at the next start. Compared with the same load before.
 */
export async function benchRebuild(): Promise<void> {
  await withFolder(async (folder) => {
    await seedLog(folder, EVENTS);
    const env = { DATA_DIR: folder, LOG_LEVEL: "error", OPERATOR_API_KEY: OPERATOR, ...NO_DELIVERIES };
    let gateway = await startServer("gateway-server", env);
    await untilLive(gateway);
    const account = await createAccount(gateway.address, ["http://127.0.0.2:8099/"]);
    const load = new PacedLoad(gateway, account);
    say(`a log of ${round(EVENTS)} events, ${PER_SECOND} dispatches/s`);
    await load.run(SECONDS);
    const quiet = await load.run(SECONDS);
    say(`  before   p50 ${round(quiet.p50, 1)} ms, p99 ${round(quiet.p99, 1)} ms`);

    const reader = new Reader(gateway, account.apiKey);
    const startedAt = performance.now();
    await operate(gateway, "POST", "deliveries/rebuild");
    const during = await load.run(SECONDS, async () => (await shown(gateway, "deliveries")).rebuild === null);
    const seconds = (performance.now() - startedAt) / 1_000;
    const reads = await reader.stop();
    say(
      `  rebuild  p50 ${round(during.p50, 1)} ms, p99 ${round(during.p99, 1)} ms: ${round(during.p99 / quiet.p99, 2)} times`,
    );
    say(
      `  it took ${round(seconds, 1)} s; ${reads.count} reads meanwhile, ${reads.failed} failed, ${reads.back} went back`,
    );
    const { last_comparison: found } = await shown(gateway, "deliveries");
    say(`  compared with the old one: ${found?.differing} documents differ, ${found?.undecided} undecided`);

    const before = await digest(gateway);
    await operate(gateway, "POST", "deliveries/rebuild");
    await until(async () => Number((await shown(gateway, "deliveries")).rebuild?.position ?? 0) > EVENTS / 4);
    await gateway.kill();
    gateway = await startServer("gateway-server", env);
    await until(async () => (await shown(gateway, "deliveries")).rebuild !== null);
    const from = Number((await shown(gateway, "deliveries")).rebuild?.position ?? 0);
    await until(async () => (await shown(gateway, "deliveries")).rebuild === null);
    const after = await digest(gateway);
    say(
      `  killed in the middle it went on behind ${round(from)} events; digest ${after === before ? "equal" : "DIFFERENT"}`,
    );
    await gateway.stop();
  });
}

/** Sends dispatches at a steady rate, whatever the answers do, and takes their times. */
class PacedLoad {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #body: string;

  constructor(gateway: ServerProcess, { apiKey, endpointIds }: Awaited<ReturnType<typeof createAccount>>) {
    this.#url = `${gateway.address}/v1/dispatch`;
    this.#headers = { "content-type": "application/json", "x-api-key": apiKey };
    this.#body = dispatchBody(endpointIds[0]!, 0);
  }

  /** For so many seconds at least, and until `done` says so. */
  async run(
    seconds: number,
    done: () => Promise<boolean> = () => Promise.resolve(true),
  ): Promise<{ p50: number; p99: number }> {
    const times: number[] = [];
    const sent: Promise<void>[] = [];
    const beganAt = performance.now();
    for (let n = 0; ; n++) {
      const at = beganAt + (n * 1_000) / PER_SECOND;
      const wait = at - performance.now();
      if (wait > 0) await pause(wait);
      if (n % PER_SECOND === 0 && n >= seconds * PER_SECOND && (await done())) break;
      const one = fetch(this.#url, { method: "POST", headers: this.#headers, body: this.#body }).then(async (reply) => {
        await reply.arrayBuffer();
        if (reply.status !== 202) throw new Error(`a dispatch was answered ${reply.status}`);
        times.push(performance.now() - at);
      });
      sent.push(one);
    }
    await Promise.all(sent);
    return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
  }
}

/** Asks for the newest delivery again and again. */
class Reader {
  #running = true;
  readonly #ended: Promise<{ count: number; failed: number; back: number }>;

  constructor(gateway: ServerProcess, apiKey: string) {
    this.#ended = this.#read(`${gateway.address}/v1/deliveries?limit=1`, apiKey);
  }

  stop(): Promise<{ count: number; failed: number; back: number }> {
    this.#running = false;
    return this.#ended;
  }

  async #read(url: string, apiKey: string): Promise<{ count: number; failed: number; back: number }> {
    let [count, failed, back, newest] = [0, 0, 0, ""];
    while (this.#running) {
      const reply = await fetch(url, { headers: { "x-api-key": apiKey } });
      const body = (await reply.json()) as { data?: { created_at: string }[] };
      const created = body.data?.[0]?.created_at ?? "";
      count += 1;
      if (reply.status !== 200) failed += 1;
      else if (created < newest) back += 1;
      else newest = created;
      await pause(20);
    }
    return { count, failed, back };
  }
}

async function untilLive(gateway: ServerProcess): Promise<void> {
  await until(async () => {
    const { data } = (await operate(gateway, "GET", "")) as { data: Shown[] };
    return data.every(({ state }) => state === "live");
  });
}

async function shown(gateway: ServerProcess, name: string): Promise<Shown> {
  const { data } = (await operate(gateway, "GET", "")) as { data: Shown[] };
  return data.find((one) => one.name === name)!;
}

async function digest(gateway: ServerProcess): Promise<string> {
  const { digest: taken } = (await operate(gateway, "GET", "deliveries")) as Shown;
  if (taken?.exact !== true) throw new Error("the model changed while its digest was taken");
  return taken.sha256;
}

async function operate(gateway: ServerProcess, method: string, path: string): Promise<unknown> {
  const url = `${gateway.address}/v1/admin/projections${path === "" ? "" : `/${path}`}`;
  const reply = await fetch(url, { method, headers: { "x-api-key": OPERATOR } });
  if (!reply.ok) throw new Error(`${url} answered ${reply.status}: ${await reply.text()}`);
  return reply.json();
}

async function until(look: () => Promise<boolean>): Promise<void> {
  while (!(await look())) await pause(200);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
