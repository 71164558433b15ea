import { MongoInvalidArgumentError, MongoNetworkError, MongoServerError } from "mongodb";
import { describe, expect, it } from "vitest";
import { ReadModelsUnavailable } from "../../../../../src/projections/store/document-store.ts";
import { MongoDocumentStore } from "../../../../../src/projections/store/mongodb/mongo-document-store.ts";
import { portError, whyUnusable } from "../../../../../src/projections/store/mongodb/mongo-failures.ts";
import { ReadModelsUnusable } from "../../../../../src/projections/store/mongodb/read-models-unusable.ts";
import { writesAtOnce } from "../../../../../src/projections/store/mongodb/server-limits.ts";

describe("a failure of the driver", () => {
  const failures: [string, Error][] = [
    ["the way to the server", new MongoNetworkError("read ECONNRESET\nand more")],
    ["the server", new MongoServerError({ message: "interrupted at shutdown", code: 11_600 })],
    ["a socket", Object.assign(new Error("This socket has been ended by the other party"), { code: "EPIPE" })],
  ];
  it.each(failures)("of %s is ReadModelsUnavailable in one line, with its cause", (_, failure) => {
    const error = portError(failure) as ReadModelsUnavailable;
    expect(error).toBeInstanceOf(ReadModelsUnavailable);
    expect(error.message).toMatch(/^MongoDB .*: [^\n]+$/);
    expect(error.cause).toBe(failure);
  });

  it("that is a fault of the program stays as it is", () => {
    const faults = [
      new RangeError("other"),
      Object.assign(new TypeError("not a text"), { code: "ERR_INVALID_ARG_TYPE" }),
      new Error("other"),
      new MongoInvalidArgumentError("Document is larger than the maximum size"),
    ];
    for (const fault of faults) expect(portError(fault)).toBe(fault);
  });
});

describe("why a server cannot be used", () => {
  it.each([
    ["wrong credentials", new MongoServerError({ message: "Authentication failed.", code: 18 }), /refuses the cred/],
    ["no credentials", new MongoServerError({ message: "find requires authentication", code: 13 }), /refuses the cred/],
    [
      "an old server",
      new Error("Server at mongo:27017 reports maximum wire version 7, but this driver requires at least 8"),
      /too old for this program: Server at mongo:27017/,
    ],
    ["an unknown host", new Error("getaddrinfo ENOTFOUND mongo\n"), /cannot be reached: getaddrinfo ENOTFOUND mongo;/],
  ])("is said in one line: %s", (_, error, line) => {
    expect(whyUnusable(error, false)).toMatch(line);
    expect(whyUnusable(error, false)).not.toContain("\n");
  });

  it.each([
    "",
    "https://wilhelmina:hunter2@mongo/",
    "mongodb://wilhelmina:hunter2",
    "mongodb://wilhelmina:hunter2@",
    "mongodb://wilhelmina:hunter2@mongo:99999/",
    "mongodb://wilhelmina:hunter2@mongo@mongo/",
    "mongodb://wilhelmina:hunter2/a@mongo/",
    "mongodb://wilhelmina:hunter2%@mongo/",
    "mongodb://wilhelmina:hunter2@mongo/%zz",
    "mongodb://wilhelmina:hunter2@mongo/a.b",
    "mongodb://wilhelmina:hunter2@mongo/?tls=hunter2",
    "mongodb://wilhelmina@mongo/?authMechanism=hunter2",
  ])("repeats nothing of the address %j", async (url) => {
    const error: unknown = await MongoDocumentStore.open({ url }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ReadModelsUnusable);
    expect(error).toMatchObject({ code: "read_models_unusable" });
    expect((error as Error).message).toMatch(/^the address of MongoDB cannot be used: .+$/);
    expect((error as Error).message).not.toMatch(/hunter2|wilhelmina/);
  });
});

describe("the writes of one command", () => {
  it("are a thousand, and few for FerretDB, which locks up at a hundred updates", () => {
    expect(writesAtOnce({ version: "7.0.14" })).toBe(1_000);
    expect(writesAtOnce({ version: "7.0.42", ferretdbVersion: "v1.24.2" })).toBeLessThan(50);
  });
});
