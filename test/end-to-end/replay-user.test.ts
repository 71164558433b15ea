import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { schemaVersionOf } from "../../src/events/catalogue.ts";
import { openDataDirectory } from "../../src/events/store/sqlite/files/data-directory.ts";
import { SqliteEventStore } from "../../src/events/store/sqlite/sqlite-event-store.ts";
import { sampleEvent } from "../fixtures/event-log/event-samples.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { runCommand } from "../fixtures/gateway/command-process.ts";
import type { CommandOutcome } from "../fixtures/gateway/command-process.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { runInTerminal, whyNoTerminal } from "../fixtures/gateway/terminal-process.ts";
import { startReceiver } from "../fixtures/receivers/receiver.ts";
import { obeyedByTerminals } from "../fixtures/terminal.ts";
import { requested } from "../specification/delivery-story.ts";
import { expectReadable, titlesIn } from "./told-delivery.ts";

const EVIL = "\u001b[2J\u009b31m\r\nforged line\u202e 注文 ";
const ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

/** In ISO 8601 UTC, like the time. */
function msAfter(time: string): string {
  return new Date(Date.parse(time) + 1).toISOString();
}

interface Delivery {
  readonly id: string;
  readonly created_at: string;
  readonly reference: string | null;
}

describe("webhook-gateway replay --user", () => {
  const folder = new TemporaryFolder();
  /** Alice's, as the API has them: newest first, three with a reference. */
  let deliveries: readonly Delivery[];
  let beside: CommandOutcome;

  beforeAll(async () => {
    await using stack = new AsyncDisposableStack();
    const receiver = stack.adopt(await startReceiver(), (it) => it.close());
    const gateway = stack.use(await GatewayProcess.start(folder.path));
    const alice = await ApiClient.createUser(await gateway.ready);
    const bobby = await ApiClient.createUser(await gateway.ready, "bobby");
    const endpoint = await alice.createEndpoint(receiver.url());
    for (const reference of ["order 1", null, EVIL.repeat(4), "order 1", null]) {
      const body = { endpoint_id: endpoint, payload: { a: 1 }, ...(reference !== null && { reference }) };
      expect((await alice.post("/v1/dispatch", JSON.stringify(body))).status).toBe(202);
    }
    await bobby.dispatch(await bobby.createEndpoint(receiver.url()), '{"b":1}');
    await Promise.all([alice.untilAllFinal(), bobby.untilAllFinal()]);
    deliveries = ((await (await alice.list(100)).json()) as { data: Delivery[] }).data;
    beside = await replay("--user", "alice");
    expect(await gateway.terminate()).toBe(0);
  });
  afterAll(() => folder[Symbol.dispose]());

  const replay = (...args: string[]): Promise<CommandOutcome> => runCommand(["replay", ...args], folder.path);
  const idsIn = ({ stdout }: CommandOutcome): string[] =>
    stdout.split("\n").flatMap((line) => new RegExp(`^${ID}`).exec(line) ?? []);

  it("lists that user's deliveries beside a running gateway and without one, a line each, and ends", async () => {
    expect(beside).toMatchObject({ exitCode: 0, stderr: "" });
    expect(idsIn(beside)).toEqual(deliveries.map(({ id }) => id));
    const lines = beside.stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(5);
    for (const [index, line] of lines.entries()) {
      expect(obeyedByTerminals(line)).toEqual([]);
      expect(line).toMatch(new RegExp(`^${ID} ${TIME} SUCCESS  1 1( |$)`));
      expect(line).toContain(deliveries[index]?.created_at);
      if (deliveries[index]?.reference === "order 1") expect(line).toMatch(/ 1 1 order 1$/);
    }
    expect(beside.stdout).toContain(` 1 1 ${String.raw`\u001b[2J\u009b31m\r\nforged line\u202e 注文 `.repeat(4)}`);
    expect(await replay("--user", "alice")).toEqual(beside);
    expect(idsIn(await replay("--user", "bobby"))).toHaveLength(1);
  });

  it("lists those of a time, and as many as asked for, and says how many more there are", async () => {
    const times = deliveries.map(({ created_at }) => created_at);
    const between = await replay("--user", "alice", "--from", times[3]!, "--to", times[1]!);
    expect(idsIn(between)).toEqual(deliveries.slice(2, 4).map(({ id }) => id));
    const two = await replay("--user", "alice", "--limit", "2");
    expect(idsIn(two)).toEqual(deliveries.slice(0, 2).map(({ id }) => id));
    expect(two).toMatchObject({
      exitCode: 0,
      stderr: `3 more: go on with --to ${msAfter(times[2]!)}, or raise --limit\n`,
    });
    expect(await replay("--user", "alice", "--from", "2099-01-01T00:00:00Z")).toEqual({
      exitCode: 0,
      stdout: "",
      stderr: "alice has no deliveries in this time\n",
    });
  });

  it("shows all of them to one who does as each page says", async () => {
    // Two of one millisecond may be on a page and on the next one; none is on no page.
    const seen = new Set<string>();
    let page = await replay("--user", "alice", "--limit", "3");
    for (let pages = 1; pages < 10; pages++) {
      for (const id of idsIn(page)) seen.add(id);
      const to = /more: go on with --to (\S+), or raise --limit\n$/.exec(page.stderr)?.[1];
      if (to === undefined) break;
      page = await replay("--user", "alice", "--limit", "3", "--to", to);
    }
    expect([...seen]).toEqual(deliveries.map(({ id }) => id));
  });

  it("asks in a terminal which one, and shows it as it is shown by its id", async (context) => {
    const reason = whyNoTerminal();
    if (reason !== null) return context.skip(reason);
    const inTerminal = async (
      columns: number,
      typed: readonly string[],
      env: Readonly<Record<string, string>>,
    ): Promise<string[]> => {
      const options = { columns, prompt: "nothing to end: ", typed, env };
      const { exitCode, shown } = await runInTerminal(["replay", "--user", "alice"], folder.path, options);
      expect(exitCode).toBe(0);
      return shown.split("\n");
    };

    const narrow = await inTerminal(80, [""], { NO_COLOR: "1" });
    expectReadable(narrow.slice(0, 7).join("\n"));
    expect(narrow.slice(0, 2)).toEqual([
      "deliveries of alice, newest first",
      "id, time of acceptance (UTC), status, endpoint, attempts, reference",
    ]);
    for (const [index, { id, created_at, reference }] of deliveries.entries()) {
      const shown = `${index + 1} ${id} ${created_at.slice(0, 16).replace("T", " ")} SUCCESS  1 1`;
      const line = narrow[index + 2];
      expect(line?.startsWith(shown)).toBe(true);
      const cut = reference === null ? "" : reference === "order 1" ? " order 1" : String.raw` \u001b[2J…`;
      expect(line?.slice(shown.length)).toBe(cut);
    }
    expect(narrow.join("\n")).toContain("which one? 1 to 5, or nothing to end: ");
    expect(titlesIn(narrow.join("\n"))).toEqual([]);

    const wide = await inTerminal(140, ["6", "five", "4"], { NO_COLOR: "1" });
    expect(wide[2]).toBe(`1 ${deliveries[0]!.id} ${deliveries[0]!.created_at} SUCCESS  1 1`);
    expect(wide[4]?.length).toBeLessThanOrEqual(140);
    expect(wide[4]).toMatch(/forged line.*…$/);
    const { stdout: one } = await replay(deliveries[3]!.id);
    expect(wide.join("\n")).toContain(one);

    const painted = await inTerminal(80, ["4"], {});
    expect(painted[0]).toBe("\u001b[1mdeliveries of alice, newest first\u001b[22m");
    expect(painted[2]?.startsWith(`\u001b[2m1\u001b[22m ${deliveries[0]!.id}`)).toBe(true);
    expect(painted.join("\n")).toContain("\u001b[1m0. DeliveryRequested\u001b[22m");
  });

  it.for(["\u0003", "\u0004"])(
    "leaves the prompt of the shell a line of its own after Ctrl+C and Ctrl+D: %j",
    async (key, context) => {
      const reason = whyNoTerminal();
      if (reason !== null) return context.skip(reason);
      const options = { prompt: "nothing to end: ", typed: [key], env: { NO_COLOR: "1" } };
      const { exitCode, shown } = await runInTerminal(["replay", "--user", "alice"], folder.path, options);
      expect(exitCode).toBe(0);
      expect(shown).toMatch(/nothing to end: .*\n$/);
    },
  );

  it("fits a screenful into a narrow terminal, its wrapped lines counted", async (context) => {
    const reason = whyNoTerminal();
    if (reason !== null) return context.skip(reason);
    const options = { columns: 40, rows: 14, prompt: "nothing to end: ", typed: [""], env: { NO_COLOR: "1" } };
    const { shown } = await runInTerminal(["replay", "--user", "alice"], folder.path, options);
    expect(shown).toContain("2 more: go on with --to ");
    expect(shown).toContain("which one? 1 to 3, or nothing to end: ");
    const rows = shown
      .trimEnd()
      .split("\n")
      .map((line) => Math.max(1, Math.ceil(line.length / 40)));
    expect(rows.reduce((sum, count) => sum + count)).toBeLessThan(14);
  });

  it("says that its read models are behind the log, and lists what they have", async () => {
    const event = requested(0, "0198f1a2-0000-7000-8000-00000000000f");
    const metadata = { ...sampleEvent().metadata, schemaVersion: schemaVersionOf(event.type) };
    const directory = openDataDirectory(folder.path);
    const store = await SqliteEventStore.open({ directory: folder.path });
    await store.append(`delivery-${event.data.deliveryId}`, [sampleEvent({ ...event, metadata })], "no_stream");
    await store.close();
    directory.release();
    const late = await replay("--user", "alice");
    expect(late).toMatchObject({ exitCode: 0, stdout: beside.stdout });
    expect(late.stderr).toMatch(
      new RegExp(`^the read models have not seen the end of the log: what it recorded since ${TIME} may be missing\n$`),
    );
  });

  it.each([
    [["--user", "nobody"], 1, 'webhook-gateway cannot replay: there is no user "nobody"\n'],
    [["--user", "Alice\u001b[2J"], 1, 'webhook-gateway cannot replay: there is no user "Alice\\u001b[2J"\n'],
    [["--user", "alice", ID], 2, "webhook-gateway: replay: name a delivery or --user, not both\n"],
    [["--limit", "3"], 2, "webhook-gateway: replay: --from, --to and --limit go with --user\n"],
    [[ID, "--from", "x"], 2, "webhook-gateway: replay: --from, --to and --limit go with --user\n"],
    [
      ["--user", "alice", "--json"],
      2,
      /^webhook-gateway: replay: option '--user <USERNAME>' cannot be used with option '--json'; see /,
    ],
    [
      ["--user", "alice", "--from", "yesterday"],
      2,
      "webhook-gateway: replay: --from needs a time such as 2026-01-31T12:00:00.000Z\n",
    ],
    [
      ["--user", "alice", "--from", "2026-02-01T00:00:00Z", "--to", "2026-01-01T00:00:00Z"],
      2,
      "webhook-gateway: replay: --from must not be after --to\n",
    ],
    [["--user", "alice", "--limit", "0"], 2, "webhook-gateway: replay: --limit needs a whole number from 1 to 10000\n"],
  ] as const)("refuses %j in one line", async (args, exitCode, line) => {
    const refused = await replay(...args);
    expect(refused).toMatchObject({ exitCode, stdout: "" });
    const [last = ""] = refused.stderr.split("\n").slice(-2);
    if (typeof line === "string") expect(`${last}\n`).toBe(line);
    else expect(last).toMatch(line);
  });

  it("says in one line that there are no read models", async () => {
    for (const name of ["", "-wal", "-shm"]) rmSync(join(folder.path, `read-models.sqlite${name}`), { force: true });
    expect(await replay("--user", "alice")).toEqual({
      exitCode: 1,
      stdout: "",
      stderr:
        "webhook-gateway cannot replay: there are no read models of this log and version; " +
        "a gateway makes them when it starts\n",
    });
  });
});
