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
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import type { ShownAttempt } from "../fixtures/gateway/api-client.ts";
import { until } from "../fixtures/until.ts";

/** To each of the receivers, all at once; fewer than an endpoint may have under way, so that none waits. */
const DELIVERIES = 2;
/** So long that on a busy machine too whatever breaks a connection is seen before. */
const TIMEOUT_MS = 8_000;
/** What all of them together may take beyond what the gateway had before. */
const GROWTH_MIB = 100;
/** The largest payload that there is. */
const LARGE_BYTES = 262_144;

const certificates = makeTlsCertificates();

/** What became of the deliveries to one of them. */
interface Outcome {
  readonly attempts: readonly ShownAttempt[];
  readonly requests: number | null;
  /** Where the ends of the attempts stand among those of all. */
  readonly ends: readonly number[];
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
  let lastEnded = "";
  let residentMiB: { before: number; peak: number };

  /** Where the end of the first attempt of this delivery stands among the ends of all attempts; -1: it has not ended. */
  const endOf = (id: string): number =>
    gateway.logged(({ msg }) => msg === "attempt").findIndex(({ delivery }) => delivery === id);

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

    const accepted = async (endpointId: number, payload: string): Promise<string> => {
      const { status, deliveryId } = await api.dispatch(endpointId, payload);
      if (status !== 202) throw new Error(`a dispatch was answered with ${status}`);
      return deliveryId;
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
    // The last one is asked when all others are under way, and again when that attempt is over.
    const last = stack.adopt(await blackHole.start(surroundings), (it) => it.close());
    const lastEndpoint = await api.createEndpoint(last.url);
    for (let time = 1; time <= 2; time += 1) {
      lastEnded = await accepted(lastEndpoint, small);
      await until("the attempt to the last one", () => endOf(lastEnded) >= 0);
    }
    for (const [hostile, endpoint] of endpoints) {
      const attempts = await until(`the attempts to one that ${hostile.name}`, async () => {
        const deliveries = await api.deliveries(`endpoint_id=${endpoint}`);
        const firsts = deliveries.flatMap(({ attempt_log: log }) => log.slice(0, 1));
        return firsts.length === DELIVERIES && firsts;
      });
      const deliveries = await api.deliveries(`endpoint_id=${endpoint}`);
      const ends = deliveries.map(({ id }) => endOf(id));
      outcomes.set(hostile, { attempts, requests: started.get(hostile)!.requests(), ends });
    }
    residentMiB = { before, peak: gateway.peakResidentMiB() };
  }, 120_000);

  afterAll(() => stack.disposeAsync());

  it.each(HOSTILE_RECEIVERS.map((hostile) => ({ hostile, name: hostile.name })))("one that $name", ({ hostile }) => {
    const { attempts, requests, ends } = outcomes.get(hostile)!;
    const { outcome, errorCode, status } = hostile.expected;
    expect(attempts.map((attempt) => [attempt.outcome, attempt.error_code, attempt.response_status])).toEqual(
      Array(DELIVERIES).fill([outcome, errorCode, status]),
    );
    // One attempt is one request, and none that did not come to HTTP is any.
    if (requests !== null) expect(requests).toBe(errorCode?.startsWith("tls") ? 0 : DELIVERIES);
    // The last one, which never answers, is cut by the deadline alone: nobody outlasts two of its attempts.
    expect(Math.max(...ends)).toBeLessThan(endOf(lastEnded));
  });

  it("are not cut before the deadline", () => {
    const { attempts } = outcomes.get(blackHole)!;
    // Timers count whole milliseconds and may seem early by one.
    expect(Math.min(...attempts.map(({ duration_ms: ms }) => ms))).toBeGreaterThanOrEqual(TIMEOUT_MS - 1);
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

function nameOf([{ name }]: [HostileReceiver, Started]): string {
  return name;
}

/** Has the kernel count the peak of a process' resident memory from now on (`clear_refs` of proc(5)). */
function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}
