import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { positionOf } from "../../src/events/store/position.ts";
import { ReadModelsUnavailable } from "../../src/projections/store/document-store.ts";
import { MongoDocumentStore } from "../../src/projections/store/mongodb/mongo-document-store.ts";
import { ReadModelsUnusable } from "../../src/projections/store/mongodb/read-models-unusable.ts";
import {
  CHECKPOINT,
  OLDEST_FIRST,
  THINGS,
  checkpointAt,
  collect,
  findIds,
  insert,
  thing,
} from "../contract/document-store-things.ts";
import { until } from "../fixtures/until.ts";
import { FerretProcess, ferretProgram } from "./ferret-process.ts";

const program = ferretProgram();
const MISSING = "ferretdb is not installed";

/** One call of each kind. */
function callsOf(store: MongoDocumentStore): Promise<unknown>[] {
  return [
    store.prepare({ ...THINGS, name: "others_v1" }),
    store.load(THINGS, ["a"]),
    store.write(THINGS, [{ id: "a", expected: positionOf(7), next: thing("a", 8) }], checkpointAt(8)),
    store.find(THINGS, { order: OLDEST_FIRST, limit: 5 }),
    collect(store.scan(THINGS)),
    store.checkpoint(CHECKPOINT),
    store.drop({ ...THINGS, name: "others_v1" }, "others@1"),
  ];
}

/** The server stays as it is meanwhile: what never ended, or ended only when the server is back, would be cut off by the test's limit. */
async function expectAllUnavailable(store: MongoDocumentStore): Promise<void> {
  for (const outcome of await Promise.allSettled(callsOf(store))) {
    expect(outcome).toMatchObject({ status: "rejected", reason: expect.any(ReadModelsUnavailable) as unknown });
  }
}

describe("the read models in MongoDB, while their server", () => {
  let mongo: FerretProcess;
  let store: MongoDocumentStore;

  beforeEach(async ({ skip }) => {
    if (program === null) return skip(MISSING);
    mongo = await FerretProcess.start(program);
    store = await MongoDocumentStore.open({ url: mongo.url });
    await store.prepare(THINGS);
    await store.write(THINGS, [insert(thing("a", 1))], checkpointAt(1));
  });

  afterEach(async () => {
    if (program === null) return;
    mongo.thaw();
    await store.close();
    await mongo[Symbol.asyncDispose]();
  });

  async function expectToWorkAgain(): Promise<void> {
    await until(
      "the read models to answer",
      async () => {
        const answered = await store.load(THINGS, ["a"]).catch(() => null);
        return answered !== null;
      },
      30_000,
    );
    expect(await store.checkpoint(CHECKPOINT)).toEqual(checkpointAt(1));
    const next = thing("a", 2);
    expect(await store.write(THINGS, [{ id: "a", expected: positionOf(1), next }], checkpointAt(2))).toEqual([]);
    expect(await store.load(THINGS, ["a"])).toEqual([next]);
  }

  it("is gone, are unavailable, and answer again by themselves when it is back on the same port", async () => {
    await mongo.kill9();
    await expectAllUnavailable(store);
    await mongo.restart();
    await expectToWorkAgain();
  });

  it("is frozen, are unavailable soon, and answer again by themselves when it wakes up", async () => {
    mongo.freeze();
    await expectAllUnavailable(store);
    await expectAllUnavailable(store);
    mongo.thaw();
    await expectToWorkAgain();
  });

  it("is frozen, are closed soon, and cannot be opened", async () => {
    mongo.freeze();
    await store.close();
    await expect(MongoDocumentStore.open({ url: mongo.url })).rejects.toThrow(ReadModelsUnusable);
  });

  it("takes few updates at once, are written in as many parts as that needs", async () => {
    const count = 150;
    const names = Array.from({ length: count }, (_, at) => `id-${String(at).padStart(3, "0")}`);
    await store.write(
      THINGS,
      names.map((id) => insert(thing(id, 1))),
      null,
    );
    const replacements = names.map((id) => ({ id, expected: positionOf(1), next: thing(id, 2) }));
    await store.write(THINGS, [{ id: "id-077", expected: positionOf(1), next: thing("id-077", 9) }], null);
    expect(await store.write(THINGS, replacements, checkpointAt(2))).toEqual(["id-077"]);
    expect(await store.checkpoint(CHECKPOINT), "only when every guard held").toEqual(checkpointAt(1));
    const stored = await store.load<ReturnType<typeof thing>>(THINGS, names);
    expect(new Set(stored.map(({ position }) => position))).toEqual(new Set([positionOf(2), positionOf(9)]));
  });

  it("is well, have a new index also over more documents than it updates at once", async () => {
    const count = 120;
    const names = Array.from({ length: count }, (_, at) => `id-${String(at).padStart(3, "0")}`);
    await store.write(
      THINGS,
      names.map((id) => insert(thing(id, 1, { extra: id }))),
      null,
    );
    const wider = { ...THINGS, indexes: [...THINGS.indexes, ["extra"]] };
    await store.prepare(wider);
    const query = { equals: { extra: "id-119" }, order: { field: "extra", direction: "ascending" }, limit: 5 } as const;
    expect((await store.find(wider, query)).map(({ _id }) => _id)).toEqual(["id-119"]);
  });

  it("is asked in words of an address that would weaken it, know of each write, and end as soon", async () => {
    const url = `${mongo.url}?w=0&journal=false&readPreference=secondary&serverSelectionTimeoutMS=600000`;
    await using stack = new AsyncDisposableStack();
    const other = stack.adopt(await MongoDocumentStore.open({ url }), (it) => it.close());
    const stale = { id: "a", expected: positionOf(7), next: thing("a", 8) };
    expect(await other.write(THINGS, [stale], null), "an unacknowledged write would not know").toEqual(["a"]);
    await mongo.kill9();
    await expectAllUnavailable(other);
  });

  it("keeps a model that is called as the checkpoints were, do not mix them up", async () => {
    const checkpoints = { ...THINGS, name: "checkpoints" };
    await store.prepare(checkpoints);
    await store.write(checkpoints, [insert(thing("b", 1))], checkpointAt(2));
    expect(await collect(store.scan(checkpoints))).toEqual([thing("b", 1)]);
    await store.drop(checkpoints, "none");
    expect(await store.checkpoint(CHECKPOINT)).toEqual(checkpointAt(2));
    expect(await findIds(store, {})).toEqual(["a"]);
  });
});

describe("MongoDB cannot be opened", () => {
  async function refusal(url: string): Promise<string> {
    const error: unknown = await MongoDocumentStore.open({ url }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ReadModelsUnusable);
    const { message } = error as Error;
    expect(message).not.toMatch(/\n|hunter2|wilhelmina/);
    return message;
  }

  /** A port on which each connection is treated so. */
  async function portWhere(stack: AsyncDisposableStack, handle: (socket: Socket) => void): Promise<number> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket.on("error", () => undefined));
      handle(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    stack.adopt(server, (one: Server) => {
      for (const socket of sockets) socket.destroy();
      one.close();
    });
    return (server.address() as AddressInfo).port;
  }

  it.each([
    ["nobody listens", "mongodb://wilhelmina:hunter2@127.0.0.1:1/", /cannot be reached: .*ECONNREFUSED/],
    ["the name of the host is unknown", "mongodb://wilhelmina:hunter2@db.invalid/", /cannot be reached: .*db\.invalid/],
    ["there is no such cluster", "mongodb+srv://wilhelmina:hunter2@db.example.invalid/", /cannot be reached: /],
  ])("where %s", async (_, url, reason) => {
    expect(await refusal(url)).toMatch(reason);
  });

  it("where somebody listens and says nothing", async () => {
    await using stack = new AsyncDisposableStack();
    const port = await portWhere(stack, () => undefined);
    expect(await refusal(`mongodb://wilhelmina:hunter2@127.0.0.1:${port}/`)).toMatch(/cannot be reached: /);
  });

  it("where something else answers", async () => {
    await using stack = new AsyncDisposableStack();
    const port = await portWhere(stack, (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    expect(await refusal(`mongodb://wilhelmina:hunter2@127.0.0.1:${port}/`)).toMatch(/cannot be reached: /);
  });

  it("by TLS where the server does not speak it, or with credentials that it does not know", async ({ skip }) => {
    if (program === null) return skip(MISSING);
    await using stack = new AsyncDisposableStack();
    const mongo = stack.use(await FerretProcess.start(program));
    const { host } = new URL(mongo.url);
    expect(await refusal(`mongodb://${host}/?tls=true`)).toMatch(/cannot be reached: .*tls=true/);
    expect(await refusal(`mongodb://wilhelmina:hunter2@${host}/`)).toMatch(/refuses the credentials: /);
  });
});
