import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeTlsCertificates } from "../fixtures/certificates/tls-certificates.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { HOSTILE_RECEIVERS } from "../fixtures/receivers/hostile/all.ts";
import type { HostileReceiver, Started, Surroundings } from "../fixtures/receivers/hostile/hostile-receiver.ts";
import { blackHole } from "../fixtures/receivers/hostile/silence.ts";
import { startReceiver } from "../fixtures/receivers/receiver.ts";
import type { Receiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "./api-client.ts";
import type { ShownAttempt } from "./api-client.ts";
import { until } from "./until.ts";

/** To each of the receivers, all at once; fewer than an endpoint may have under way, so that none waits. */
const DELIVERIES = 2;
const TIMEOUT_MS = 2_000;
/** What every attempt may take beyond the deadline, and all of them together beyond what the gateway had before. */
const [LATE_MS, GROWTH_MIB] = [500, 100];
/** The largest payload that there is. */
const LARGE_BYTES = 262_144;

const certificates = makeTlsCertificates();

/** What became of the deliveries to one of them. */
interface Outcome {
  readonly attempts: readonly ShownAttempt[];
  readonly requests: number | null;
}

describe.skipIf(certificates === null)(`${HOSTILE_RECEIVERS.length} hostile receivers at once`, () => {
  const stack = new AsyncDisposableStack();
  const outcomes = new Map<HostileReceiver, Outcome>();
  const started = new Map<HostileReceiver, Started>();
  let gateway: GatewayProcess;
  let api: ApiClient;
  let healthy: Receiver;
  let forbidden: Receiver;
  let healthyEndpoint: number;
  let residentMiB: { before: number; peak: number };

  beforeAll(async () => {
    const { authority } = certificates!;
    const folder = stack.use(new TemporaryFolder());
    writeFileSync(join(folder.path, "authority.pem"), authority);
    healthy = stack.adopt(await startReceiver(), (it) => it.close());
    forbidden = stack.adopt(await startReceiver(undefined, { host: "127.0.0.3" }), (it) => it.close());
    const surroundings: Surroundings = { forbiddenUrl: forbidden.url("/secret"), certificates: certificates! };
    for (const hostile of HOSTILE_RECEIVERS) {
      started.set(
        hostile,
        stack.adopt(await hostile.start(surroundings), (it) => it.close()),
      );
    }
    gateway = stack.use(
      await GatewayProcess.start(join(folder.path, "data"), {
        DELIVERY_TIMEOUT_MS: `${TIMEOUT_MS}`,
        NODE_EXTRA_CA_CERTS: join(folder.path, "authority.pem"),
      }),
    );
    api = await ApiClient.createUser(await gateway.ready);
    healthyEndpoint = await api.createEndpoint(healthy.url());
    const endpoints = new Map<HostileReceiver, number>();
    for (const [hostile, { url }] of started) endpoints.set(hostile, await api.createEndpoint(url));

    const accepted = async (endpointId: number, payload: string): Promise<void> => {
      const { status } = await api.dispatch(endpointId, payload);
      if (status !== 202) throw new Error(`a dispatch was answered with ${status}`);
    };

    // As many deliveries as will follow, so that the gateway has by then what it needs for so many.
    const small = `{"n":1}`;
    const large = `{"x":"${"x".repeat(LARGE_BYTES - `{"x":""}`.length)}"}`;
    const payloads = [...endpoints.keys()].flatMap((it) => Array<string>(DELIVERIES).fill(it.large ? large : small));
    await Promise.all(payloads.map((payload) => accepted(healthyEndpoint, payload)));
    await healthy.received(payloads.length);
    await api.untilAllFinal();

    forgetPeak(gateway.pid);
    const before = gateway.peakResidentMiB();
    await Promise.all(
      [...endpoints].flatMap(([hostile, endpoint]) =>
        Array.from({ length: DELIVERIES }, () => accepted(endpoint, hostile.large ? large : small)),
      ),
    );
    for (const [hostile, endpoint] of endpoints) {
      const attempts = await until(`the attempts to one that ${hostile.name}`, async () => {
        const deliveries = await api.deliveries(`endpoint_id=${endpoint}`);
        const firsts = deliveries.flatMap(({ attempt_log: log }) => log.slice(0, 1));
        return firsts.length === DELIVERIES && firsts;
      });
      outcomes.set(hostile, { attempts, requests: started.get(hostile)!.requests() });
    }
    residentMiB = { before, peak: gateway.peakResidentMiB() };
  }, 120_000);

  afterAll(() => stack.disposeAsync());

  it.each(HOSTILE_RECEIVERS.map((hostile) => ({ hostile, name: hostile.name })))("one that $name", ({ hostile }) => {
    const { attempts, requests } = outcomes.get(hostile)!;
    const { outcome, errorCode, status } = hostile.expected;
    expect(attempts.map((attempt) => [attempt.outcome, attempt.error_code, attempt.response_status])).toEqual(
      Array(DELIVERIES).fill([outcome, errorCode, status]),
    );
    // One attempt is one request, and none that did not come to HTTP is any.
    if (requests !== null) expect(requests).toBe(errorCode === "tls" ? 0 : DELIVERIES);
    // By comparison, since the machine may be busy: the one that never answers is cut by the deadline alone.
    expect(longest(attempts)).toBeLessThanOrEqual(longest(outcomes.get(blackHole)!.attempts) + LATE_MS);
  });

  it("end at the deadline at the latest", () => {
    const { attempts } = outcomes.get(blackHole)!;
    // Timers count whole milliseconds and may seem early by one.
    expect(Math.min(...attempts.map(({ duration_ms: ms }) => ms))).toBeGreaterThanOrEqual(TIMEOUT_MS - 1);
    expect(longest(attempts)).toBeLessThan(TIMEOUT_MS * 2);
  });

  it("are given no more memory than they are worth", () => {
    const { before, peak } = residentMiB;
    console.log(`resident: ${before.toFixed()} MiB before, at most ${peak.toFixed()} MiB with all of them`);
    expect(peak - before).toBeLessThanOrEqual(GROWTH_MIB);
  });

  it("hold no connection that is not idle", async () => {
    const open = (): string[] =>
      [...started].filter(([{ expected }, it]) => expected.status === null && it.openConnections() > 0).map(nameOf);
    await expect.poll(open, { timeout: 10_000 }).toEqual([]);
  });

  it("send the gateway nowhere else", () => {
    expect(forbidden.connections).toBe(0);
  });

  it("leave the gateway in good order", async () => {
    const before = healthy.requests.length;
    const { deliveryId } = await api.dispatch(healthyEndpoint, `{"n":2}`);
    await healthy.received(before + 1);
    await until("the healthy delivery", async () => (await api.delivery(deliveryId)).status === "SUCCESS");
    expect(gateway.logged(({ level }) => level >= 50)).toEqual([]);
    expect(gateway.stderr).toBe("");
  });
});

function longest(attempts: readonly ShownAttempt[]): number {
  return Math.max(...attempts.map(({ duration_ms: ms }) => ms));
}

function nameOf([{ name }]: [HostileReceiver, Started]): string {
  return name;
}

/** Has the kernel count the peak of a process' resident memory from now on (`clear_refs` of proc(5)). */
function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}
