import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LOG_STREAM } from "../../../src/events/log.ts";
import { MemoryEventStore } from "../../../src/events/store/memory/memory-event-store.ts";
import { ConfigurationError } from "../../../src/runtime/configuration-error.ts";
import { deriveSecrets, staffKeysOf } from "../../../src/secrets/secrets.ts";
import type { DerivedSecrets, Secrets, StaffKeys } from "../../../src/secrets/secrets.ts";
import { openSecrets } from "../../../src/storage/open-secrets.ts";
import { newContext } from "../../fixtures/event-log/store-doubles.ts";

const NOW = "2026-11-25T10:00:00.000Z";
const AUDITOR = "a0d17a0d-17a0-4d17-a0d1-7a0d17a0d17a";
const OPERATOR = "0be4a704-0be4-4a70-80be-4a7040be4a70";

const KEY = Buffer.alloc(32, 7).toString("base64");
const OTHER_KEY = Buffer.alloc(32, 8).toString("base64");

describe("the master key of a log", () => {
  let folder: string;
  let store: MemoryEventStore;
  let announced: string[];
  /** What a start makes of it, and that no refusal gives a key away. */
  const start = async (masterKey: string | null = null): Promise<Secrets> => {
    try {
      const config = { masterKey, dataDir: folder, auditorApiKey: AUDITOR, operatorApiKey: OPERATOR };
      return await openSecrets(config, store, { ...newContext(), now: NOW }, (_what, place) => announced.push(place));
    } catch (error) {
      const keys = [KEY, OTHER_KEY, ...(existsSync(keyFile()) ? [readFileSync(keyFile(), "utf8").trim()] : [])];
      for (const key of keys) if (key !== "") expect(String(error)).not.toContain(key);
      throw error;
    }
  };
  const keyFile = (): string => join(folder, "master.key");
  const keyInFile = (): string => readFileSync(keyFile(), "utf8").trim();

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "webhook-gateway-secrets-"));
    store = new MemoryEventStore({ now: () => Date.parse(NOW) });
    announced = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("is created at the first start, readable by its user only, and its place is announced but not the key", async () => {
    const secrets = await start();
    expect(Buffer.from(keyInFile(), "base64")).toHaveLength(32);
    expect(secrets).toMatchObject(deriveSecrets(keyInFile()));
    expect(announced).toEqual([keyFile()]);
    expect(statSync(keyFile()).mode & 0o777).toBe(0o600);
    for await (const event of store.readAll()) expect(JSON.stringify(event)).not.toContain(keyInFile());
  });

  it("is the same at the next start, which announces and appends nothing", async () => {
    const secrets = await start();
    const head = await store.head();
    announced = [];
    expect(await start()).toEqual(secrets);
    expect(announced).toEqual([]);
    expect(await store.head()).toBe(head);
  });

  it("is the configured one, which is not written anywhere", async () => {
    expect(await start(KEY)).toMatchObject(deriveSecrets(KEY));
    expect(await start(KEY)).toMatchObject(deriveSecrets(KEY));
    expect(readdirSync(folder)).toEqual([]);
    expect(announced).toEqual([]);
    for await (const event of store.readAll()) expect(JSON.stringify(event)).not.toContain(KEY);
  });

  it("may be configured as the one that the folder has", async () => {
    const secrets = await start();
    expect(await start(keyInFile())).toEqual(secrets);
  });

  it("is refused when it is not the one that the log was begun with", async () => {
    const secrets = await start();
    await expect(start(OTHER_KEY)).rejects.toThrow(ConfigurationError);
    await expect(start(OTHER_KEY)).rejects.toThrow(/^MASTER_KEY: it is not the key that the log was begun with/);
    expect(await start()).toEqual(secrets);
  });

  it("is the first instance's, when two begin a log at one moment", async () => {
    const outcomes = await Promise.allSettled([start(KEY), start(OTHER_KEY), start(KEY)]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(await store.read(LOG_STREAM)).toHaveLength(1);
  });

  it("is not created when the log was begun with a configured one", async () => {
    await start(KEY);
    await expect(start()).rejects.toThrow(
      /^MASTER_KEY: the log was begun with a key that is not in .*; set MASTER_KEY to it$/,
    );
    expect(existsSync(keyFile())).toBe(false);
    expect(announced).toEqual([]);
  });

  it("is not created when its file was lost", async () => {
    await start();
    rmSync(keyFile());
    await expect(start()).rejects.toThrow(ConfigurationError);
  });

  it.each(["", "\n", "c2hvcnQ=\n", "not base64 at all, though it is long enough to be"])(
    "is refused when its file holds %j, which everybody could guess",
    async (content) => {
      writeFileSync(keyFile(), content);
      await expect(start()).rejects.toThrow(/^MASTER_KEY: .*master\.key does not hold 32 bytes in base64/);
    },
  );

  it("is made all the same when an earlier start ended before it was whole", async () => {
    writeFileSync(`${keyFile()}.unfinished`, "half a k");
    const secrets = await start();
    expect(await start()).toEqual(secrets);
    expect(readdirSync(folder)).toEqual(["master.key"]);
  });
});

describe("the keys of auditors and operators", () => {
  let folder: string;
  let announced: string[];
  const start = (auditor: string | null = null, operator: string | null = null): StaffKeys =>
    staffKeysOf(folder, { auditor, operator }, (what, place) => announced.push(`${what} ${place}`));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "webhook-gateway-secrets-"));
    announced = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("are created at the first start, readable by their user only, and their places are announced but not the keys", () => {
    const keys = start();
    expect(new Set(Object.values(keys)).size).toBe(2);
    expect(announced).toEqual([
      `auditor's API key ${join(folder, "auditor.key")}`,
      `operator's API key ${join(folder, "operator.key")}`,
    ]);
    for (const staff of ["auditor", "operator"] as const) {
      const file = join(folder, `${staff}.key`);
      expect(readFileSync(file, "utf8")).toBe(`${keys[staff]}\n`);
      expect(statSync(file).mode & 0o777).toBe(0o600);
    }
    announced = [];
    expect(start()).toEqual(keys);
    expect(announced).toEqual([]);
  });

  it("are the configured ones, which are not written anywhere", () => {
    expect(start(AUDITOR.toUpperCase(), OPERATOR)).toEqual({ auditor: AUDITOR, operator: OPERATOR });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("are refused when both are one, or when a file does not hold one", () => {
    expect(() => start(AUDITOR, AUDITOR)).toThrow(/^AUDITOR_API_KEY: it is the same as OPERATOR_API_KEY/);
    writeFileSync(join(folder, "operator.key"), "hunter2\n");
    expect(() => start()).toThrow(/^OPERATOR_API_KEY: .*operator\.key does not hold a UUID/);
    expect(() => start()).not.toThrow(/hunter2/);
  });
});

describe("the secrets derived from it", () => {
  it("are 32 bytes each, of one purpose each, and the same for the same key", () => {
    const secrets = deriveSecrets(KEY);
    expect(deriveSecrets(KEY)).toEqual(secrets);
    const hex = (derived: DerivedSecrets): string[] =>
      Object.values(derived).map((secret: Uint8Array) => Buffer.from(secret).toString("hex"));
    const all = [...hex(secrets), ...hex(deriveSecrets(OTHER_KEY))];
    expect(new Set(all).size).toBe(all.length);
    for (const secret of all) expect(secret).toHaveLength(64);
    expect(all).not.toContain(Buffer.from(KEY, "base64").toString("hex"));
  });
});
