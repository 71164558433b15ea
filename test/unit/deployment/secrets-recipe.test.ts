import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { readConfig } from "../../../src/config.ts";
import { projectFile } from "./compose-file.ts";

it("makes every secret as .env.example says, each of its own and in a form that the gateway takes", (context) => {
  if (spawnSync("openssl", ["version"]).error !== undefined) context.skip("openssl is not installed");
  const folder = mkdtempSync(join(tmpdir(), "secrets-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  copyFileSync(join(import.meta.dirname, "../../../.env.example"), join(folder, ".env.example"));
  const recipe = [...projectFile(".env.example").matchAll(/^# {3}(.*)$/gm)].map(([, line]) => line).join("\n");

  const { status, stderr } = spawnSync("sh", ["-euc", recipe], { cwd: folder, encoding: "utf8" });

  expect([status, stderr]).toEqual([0, ""]);
  const made = parseEnv(readFileSync(join(folder, ".env"), "utf8")) as Record<string, string>;
  const secrets = Object.entries(made).filter(([name]) => /_KEY$|PASSWORD/.test(name));
  expect(new Set(secrets.map(([, value]) => value)).size).toBe(7);
  for (const [, value] of secrets) expect(value.length).toBeGreaterThan(30);
  for (const [name, value] of secrets) if (name.endsWith("PASSWORD")) expect(value).toMatch(/^[0-9a-f]+$/);
  expect(readConfig({ ...made, EVENTSTORE_URL: "esdb://log:2113?tls=false" }).masterKey).toBe(made["MASTER_KEY"]);
  expect(statSync(join(folder, ".env")).mode & 0o077).toBe(0);
});
