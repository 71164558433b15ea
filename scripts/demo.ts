import { STATUS_CODES } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { GatewayProcess, TemporaryFolder } from "../test/fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../test/fixtures/receivers/receiver.ts";
import type { Receiver } from "../test/fixtures/receivers/receiver.ts";
import { DemoReport, masked } from "./demo-report.ts";
import type { AttemptRow } from "./demo-report.ts";

/** What the receiver answers to the first, second and third request. */
const ANSWERS = [503, 500, 200];
/** Blanks and spellings of numbers that any reader who writes it again would change. */
const PAYLOAD = '{ "order":17, "total":10.50, "q":1e2 }';
/** Retries after 1, 2, 4 and 8 s instead of minutes. */
const ENV = { RETRY_UNIT_SECONDS: "1", RETRY_TICK_SECONDS: "1", LOG_LEVEL: "info" };
/** All attempts together take about 3 s; whoever waits longer than this waits in vain. */
const DEADLINE_MS = 20_000;

interface ShownDelivery {
  readonly status: string;
  readonly created_at: string;
  readonly payload_bytes: number;
  readonly attempt_log: readonly AttemptRow[];
}

const report = new DemoReport();

/** A receiver that shows each request as it came, and fails until its last answer. */
function startFailingReceiver(): Promise<Receiver> {
  let attempt = 0;
  return startReceiver((socket, request) => {
    const status = ANSWERS[Math.min(attempt, ANSWERS.length - 1)]!;
    attempt += 1;
    report.step(`the receiver gets attempt ${attempt}, these ${request.body.length} bytes behind the head:`);
    report.text([`${request.method} ${request.path} HTTP/1.1`, ...request.headerLines, ""].join("\n"));
    report.text(request.body.toString());
    report.answer(status, `${status} ${STATUS_CODES[status] ?? ""}`);
    respondWith(status)(socket, request);
  });
}

/** One request of the client, shown with its answer. */
async function request(url: string, init: RequestInit & { apiKey?: string }): Promise<Response> {
  const { apiKey, ...rest } = init;
  const { method = "GET", body } = rest;
  report.step(`${method} ${new URL(url).pathname}`);
  if (apiKey !== undefined) report.text(`X-API-Key: ${masked(apiKey)}`);
  if (typeof body === "string") report.text(body);
  const headers = {
    ...(body !== undefined && { "content-type": "application/json" }),
    ...(apiKey !== undefined && { "x-api-key": apiKey }),
  };
  const reply = await fetch(url, { ...rest, headers, signal: AbortSignal.timeout(DEADLINE_MS) });
  report.answer(reply.status, `${reply.status} ${reply.statusText}`);
  if (!reply.ok) throw new Error(`${method} ${url} was answered with ${reply.status}: ${await reply.text()}`);
  return reply;
}

async function untilFinal(url: string, apiKey: string): Promise<ShownDelivery> {
  const end = performance.now() + DEADLINE_MS;
  for (;;) {
    const reply = await fetch(url, { headers: { "x-api-key": apiKey } });
    if (!reply.ok) throw new Error(`GET ${url} was answered with ${reply.status}`);
    const delivery = (await reply.json()) as ShownDelivery;
    if (delivery.status !== "PENDING") return delivery;
    if (performance.now() > end) throw new Error(`the delivery was not final within ${DEADLINE_MS / 1_000} s`);
    await pause(50);
  }
}

async function demo(): Promise<void> {
  using folder = new TemporaryFolder();
  await using stack = new AsyncDisposableStack();
  const receiver = stack.adopt(await startFailingReceiver(), (it) => it.close());
  await using gateway = await GatewayProcess.start(folder.path, ENV);
  const address = await gateway.ready;
  report.heading("A payload's way through the gateway");
  report.begin();
  report.step(`the gateway listens at ${address}`);
  report.text(`the receiver listens at ${receiver.url()}, and will fail twice`);

  report.heading("The client makes an account and names an endpoint");
  const created = await request(`${address}/v1/users`, { method: "POST", body: '{"username":"alice"}' });
  const { api_key: apiKey } = (await created.json()) as { api_key: string };
  report.text(`{"api_key":"${masked(apiKey)}"}`);
  const endpoint = JSON.stringify({ url: receiver.url(), nickname: "orders" });
  const registered = await request(`${address}/v1/endpoints`, { method: "POST", apiKey, body: endpoint });
  const shown = await registered.text();
  report.text(shown);
  const { id } = JSON.parse(shown) as { id: number };

  report.heading("It dispatches a payload, which is durable when the 202 comes");
  const body = `{"endpoint_id":${id},"payload":${PAYLOAD}}`;
  const accepted = await request(`${address}/v1/dispatch`, { method: "POST", apiKey, body });
  const place = accepted.headers.get("location") ?? "";
  report.text(`Location: ${place}`);

  report.heading("The gateway delivers it, and tries again 1 s and 2 s after a failure");
  const delivery = await untilFinal(address + place, apiKey);

  report.heading("What the gateway knows of it");
  await request(address + place, { apiKey });
  report.attempts(delivery.created_at, delivery.attempt_log);
  check(delivery.status === "SUCCESS", `the delivery is a ${delivery.status}, its times count from the dispatch`);
  check(receiver.requests.length === ANSWERS.length, `the receiver got ${receiver.requests.length} requests`);
  const exact = receiver.requests.every((it) => it.body.equals(Buffer.from(PAYLOAD)));
  check(exact, `each had the payload as the client wrote it, all ${delivery.payload_bytes} bytes`);
  const { attempt_log: log } = delivery;
  const early = log.some(({ started_at }, index) => index > 0 && started_at < (log[index - 1]?.next_attempt_at ?? ""));
  check(!early, "no attempt began before it was due");
  check((await gateway.terminate()) === 0, "the gateway stopped when it was asked to");
}

/** Says what is true; a demonstration in which it is not has failed. */
function check(holds: boolean, statement: string): void {
  if (!holds) throw new Error(`this should hold and does not: ${statement}`);
  report.fact(statement);
}

// An interrupted demonstration leaves nothing behind either: the fixtures clean up when the process exits.
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    process.exit(130);
  });
}
try {
  await demo();
} catch (error) {
  const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  process.stderr.write(`the demonstration failed: ${line}\n`);
  process.exitCode = 1;
}
