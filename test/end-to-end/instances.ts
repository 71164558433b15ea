import { randomUUID } from "node:crypto";
import { appendForeign } from "../fixtures/eventstoredb/foreign-events.ts";
import type { LogServerOptions } from "../fixtures/eventstoredb/log-server-process.ts";
import { LogServerProcess } from "../fixtures/eventstoredb/log-server-process.ts";
import { runCommand } from "../fixtures/gateway/command-process.ts";
import type { CommandOutcome } from "../fixtures/gateway/command-process.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";

/** What every instance on a server must be told, and all of them the same. */
export const SERVER_KEYS = {
  MASTER_KEY: Buffer.alloc(32, 7).toString("base64"),
  OPERATOR_API_KEY: randomUUID(),
  AUDITOR_API_KEY: randomUUID(),
};

/** A short lease (12 s), a retry a second after a failure, and a look at what is due every second. */
const ENV = {
  DELIVERY_TIMEOUT_MS: "2000",
  RETRY_UNIT_SECONDS: "1",
  RETRY_TICK_SECONDS: "1",
};

/** The tests' own server as a real node on a busy machine: its readers and its repeated appends come late. */
const LIKE_A_NODE: LogServerOptions = { readsLagMs: 5, commitTimeoutMs: 2_500, systemEvents: true };

/**
 * Appends what other programs may have in the database, each event to a new stream: among them a name like one of ours, and
 * an event without metadata.
 */
export async function appendOthersEvents(url: string): Promise<void> {
  const own = randomUUID();
  await appendForeign(url, `user-77-${own}`, [{ type: "UserCreated", data: '{"name":"Zoë"}', metadata: "{}" }]);
  await appendForeign(url, `delivery-77-${own}`, [{ type: "DeliveryRequested" }]);
  await appendForeign(url, `no dash ${own.replaceAll("-", "")}`, [
    { data: Buffer.of(0, 255), metadata: "no JSON", contentType: "application/octet-stream" },
  ]);
}

/** Several gateways on one log, each with read models of its own in a folder of its own. */
export class Instances implements AsyncDisposable {
  readonly #logFolder: string;
  #log: LogServerProcess | null;
  readonly #env: Readonly<Record<string, string>>;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    logFolder: string,
    log: LogServerProcess | null,
    env: Readonly<Record<string, string>>,
    stack: AsyncDisposableStack,
  ) {
    this.#logFolder = logFolder;
    this.#log = log;
    this.#env = env;
    this.#stack = stack;
  }

  /** Starts the log alone; `env` goes to every gateway and has the last word. */
  static async start(env: Readonly<Record<string, string>> = {}): Promise<Instances> {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(new TemporaryFolder());
    const log = stack.use(await LogServerProcess.start(folder.path, 0, LIKE_A_NODE));
    await appendOthersEvents(log.url);
    const shared = { ...ENV, ...SERVER_KEYS, EVENTSTORE_URL: log.url, ...env };
    return new Instances(folder.path, log, shared, stack.move());
  }

  /** Begins a log of its own on a server that runs already, and is left running. */
  static async on(url: string, env: Readonly<Record<string, string>> = {}): Promise<Instances> {
    const prefix = `test_${randomUUID().replaceAll("-", "")}.`;
    const stack = new AsyncDisposableStack();
    const shared = { EVENTSTORE_URL: url, EVENTSTORE_STREAM_PREFIX: prefix };
    return Promise.resolve(new Instances("", null, { ...ENV, ...SERVER_KEYS, ...shared, ...env }, stack));
  }

  /** Begins another log, under another prefix, on the same server; `env` as for `start`. */
  async beside(env: Readonly<Record<string, string>> = {}): Promise<Instances> {
    return Instances.on(this.url, env);
  }

  /** What every gateway is told. */
  get env(): Readonly<Record<string, string>> {
    return this.#env;
  }

  /** The address of the server of the log. */
  get url(): string {
    return this.#env["EVENTSTORE_URL"] ?? "";
  }

  /** The server of the log, when it was started for it. */
  get log(): LogServerProcess {
    if (this.#log === null) throw new TypeError("the server of the log is somebody else's");
    return this.#log;
  }

  /** Starts the server of the log again, on the same port and with what it had, after it was killed. */
  async restartLog(): Promise<void> {
    this.#log = this.#stack.use(await LogServerProcess.start(this.#logFolder, this.log.port, LIKE_A_NODE));
  }

  /** Starts a further gateway and resolves when it takes requests. Its read models are in this folder, by default a new one. */
  async gateway(folder: string = this.#stack.use(new TemporaryFolder()).path): Promise<GatewayProcess> {
    return this.#stack.use(await GatewayProcess.start(folder, this.#env));
  }

  /** Runs a subcommand on the log, by default with no read models at hand; `input` is a file. */
  run(args: readonly string[], folder = "/nowhere", input?: string): Promise<CommandOutcome> {
    return runCommand(args, folder, { env: this.#env, ...(input !== undefined && { input }) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** What a gateway says of the attempts that it made, in the order of its log. */
export function attemptsOf(gateway: GatewayProcess): readonly { delivery: string; attempt: number; outcome: string }[] {
  return gateway
    .logged(({ msg }) => msg === "attempt")
    .map(({ delivery, attempt, outcome }) => ({
      delivery: String(delivery),
      attempt: Number(attempt),
      outcome: String(outcome),
    }));
}
