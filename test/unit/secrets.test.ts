import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ConfigurationError } from "../../src/config.ts";
import { deriveSecrets, masterKeyOf } from "../../src/secrets.ts";
import type { Secrets } from "../../src/secrets.ts";

const KEY = Buffer.alloc(32, 7).toString("base64");
const OTHER_KEY = Buffer.alloc(32, 8).toString("base64");

describe("the master key of a data folder", () => {
  let folder: string;
  let announced: string[];
  const start = (configured: string | null = null): string =>
    masterKeyOf(folder, configured, (place) => announced.push(place));
  const keyFile = (): string => join(folder, "master.key");

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "webhook-gateway-secrets-"));
    announced = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("is made at the first start, for nobody else to read, and its place is told but not the key", () => {
    const key = start();
    expect(Buffer.from(key, "base64")).toHaveLength(32);
    expect(readFileSync(keyFile(), "utf8")).toBe(`${key}\n`);
    expect(announced).toEqual([keyFile()]);
    for (const file of readdirSync(folder)) expect(statSync(join(folder, file)).mode & 0o777, file).toBe(0o600);
  });

  it("is the same at the next start, which announces nothing", () => {
    const key = start();
    announced = [];
    expect(start()).toBe(key);
    expect(announced).toEqual([]);
  });

  it("is another in every folder", () => {
    const key = start();
    rmSync(folder, { recursive: true });
    folder = mkdtempSync(join(tmpdir(), "webhook-gateway-secrets-"));
    expect(start()).not.toBe(key);
  });

  it("is the configured one, which is not written anywhere", () => {
    expect(start(KEY)).toBe(KEY);
    expect(start(KEY)).toBe(KEY);
    expect(existsSync(keyFile())).toBe(false);
    expect(announced).toEqual([]);
    for (const file of readdirSync(folder)) expect(readFileSync(join(folder, file), "utf8")).not.toContain(KEY);
  });

  it("may be configured as the one that the folder has", () => {
    const key = start();
    expect(start(key)).toBe(key);
  });

  it("is refused when it is not the one that the folder was begun with", () => {
    const key = start();
    expect(() => start(OTHER_KEY)).toThrow(ConfigurationError);
    expect(() => start(OTHER_KEY)).toThrow(/^MASTER_KEY: it is not the key that .* was begun with/);
    expect(start()).toBe(key);
  });

  it("is not made anew when the folder was begun with a configured one", () => {
    start(KEY);
    expect(() => start()).toThrow(/^MASTER_KEY: .* was begun with a key that is not in it; set MASTER_KEY to it$/);
    expect(existsSync(keyFile())).toBe(false);
    expect(announced).toEqual([]);
    expect(start(KEY)).toBe(KEY);
  });

  it("is not made anew when its file was lost", () => {
    start();
    rmSync(keyFile());
    expect(() => start()).toThrow(ConfigurationError);
  });

  it.each(["", "\n", "c2hvcnQ=\n", "not base64 at all, though it is long enough to be"])(
    "is refused when its file holds %j, which everybody could guess",
    (content) => {
      writeFileSync(keyFile(), content);
      expect(() => start()).toThrow(/^MASTER_KEY: .*master\.key does not hold 32 bytes in base64/);
    },
  );

  it("is made all the same when an earlier start ended before it was whole", () => {
    writeFileSync(`${keyFile()}.unfinished`, "half a k");
    const key = start();
    expect(start()).toBe(key);
    expect(readdirSync(folder).sort()).toEqual(["master.key", "master.key.check"]);
  });

  it("never appears in a refusal", () => {
    const key = start();
    try {
      start(OTHER_KEY);
    } catch (error) {
      expect(String(error)).not.toContain(key);
      expect(String(error)).not.toContain(OTHER_KEY);
    }
    expect.assertions(2);
  });
});

describe("the secrets derived from it", () => {
  it("are 32 bytes each, of one purpose each, and the same for the same key", () => {
    const secrets = deriveSecrets(KEY);
    expect(deriveSecrets(KEY)).toEqual(secrets);
    const hex = ({ reservations, cursors }: Secrets): string[] =>
      [reservations, cursors].map((secret) => Buffer.from(secret).toString("hex"));
    const all = [...hex(secrets), ...hex(deriveSecrets(OTHER_KEY))];
    expect(new Set(all).size).toBe(all.length);
    for (const secret of all) expect(secret).toHaveLength(64);
    expect(all).not.toContain(Buffer.from(KEY, "base64").toString("hex"));
  });
});
