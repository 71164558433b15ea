import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EndpointKeys } from "../../../../../src/processes/sending/signing/endpoint-keys.ts";
import { signatureHeaders } from "../../../../../src/processes/sending/signing/signature.ts";
import type { SignatureHeaders } from "../../../../../src/processes/sending/signing/signature.ts";

const ROOT = join(import.meta.dirname, "../../../../..");
const SNIPPETS = [...readFileSync(join(ROOT, "docs/receiving.md"), "utf8").matchAll(/^```js\n(.*?)^```$/gms)].map(
  ([, code = ""]) => code,
);

const OWN = new EndpointKeys(Buffer.alloc(64, 1));
const BEFORE = new EndpointKeys(Buffer.alloc(64, 2));
const STRANGER = new EndpointKeys(Buffer.alloc(64, 3));
const BODY = '{ "order": 42, "total": 19.90, "name": "Zoë 😀" }';

function signedBy(keys: readonly EndpointKeys[], secondsAgo = 0): SignatureHeaders {
  const timestampSeconds = Math.floor(Date.now() / 1_000) - secondsAgo;
  return signatureHeaders({
    deliveryId: "0199a1b2-0000-7000-8000-000000000001",
    timestampSeconds,
    body: BODY,
    keys,
    ed25519: true,
  });
}

/** What docs/receiving.md tells people to copy. */
describe("the page for receivers", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "webhook-gateway-docs-"));
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function fileOf(name: string, code: string): string {
    const file = join(folder, name);
    writeFileSync(file, code);
    return file;
  }

  it("has a receiver that accepts signed requests, during a rotation too, and nothing else", async () => {
    const onFreePort = (SNIPPETS[0] ?? "").replace("listen(9000,", "listen(0,");
    const tellsIt = 'server.on("listening", () => console.log(server.address().port));\n';
    const child = spawn(process.execPath, [fileOf("receiver.mjs", onFreePort + tellsIt)], {
      env: { WEBHOOK_SECRET: OWN.secretText },
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const [port] = (await once(createInterface(child.stdout), "line")) as [string];
      const post = async (headers: Readonly<Record<string, string>>, body = BODY): Promise<number> =>
        (await fetch(`http://127.0.0.1:${port}/`, { method: "POST", headers, body })).status;
      expect(await post(signedBy([OWN]))).toBe(204);
      expect(await post(signedBy([OWN, BEFORE]))).toBe(204);
      expect(await post(signedBy([STRANGER, OWN]))).toBe(204);
      expect(await post(signedBy([STRANGER]))).toBe(400);
      expect(await post(signedBy([OWN]), BODY.replace("42", "43"))).toBe(400);
      expect(await post(signedBy([OWN], 600))).toBe(400);
      expect(await post({})).toBe(400);
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("has a check of ed25519 that holds for the public key, during a rotation too, and for nothing else", async () => {
    const { isSigned } = (await import(fileOf("is-signed.mjs", SNIPPETS[1] ?? ""))) as {
      isSigned: (publicKey: string, headers: Readonly<Record<string, string>>, body: Uint8Array) => boolean;
    };
    const body = Buffer.from(BODY);
    expect(isSigned(OWN.publicKeyText, signedBy([OWN]), body)).toBe(true);
    expect(isSigned(BEFORE.publicKeyText, signedBy([OWN, BEFORE]), body)).toBe(true);
    expect(isSigned(STRANGER.publicKeyText, signedBy([OWN, BEFORE]), body)).toBe(false);
    expect(isSigned(OWN.publicKeyText, signedBy([OWN]), Buffer.from(`${BODY} `))).toBe(false);
    expect(isSigned(OWN.publicKeyText, signedBy([OWN], 600), body)).toBe(false);
    expect(isSigned(OWN.publicKeyText, { ...signedBy([OWN]), "webhook-id": "another" }, body)).toBe(false);
    expect(isSigned(OWN.publicKeyText, {}, body)).toBe(false);
  });
});
