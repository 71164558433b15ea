import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EndpointKeys } from "../../../../../src/processes/sending/signing/endpoint-keys.ts";
import { EndpointVault } from "../../../../../src/processes/sending/signing/endpoint-vault.ts";
import { SealBroken, Sealer } from "../../../../../src/secrets/sealing.ts";
import { deriveSecrets } from "../../../../../src/secrets/secrets.ts";

const SECRETS = deriveSecrets(Buffer.alloc(32, 7).toString("base64"));
const vault = new EndpointVault(SECRETS);
/** The same gateway after a restart: nothing is remembered. */
const afterRestart = (): EndpointVault => new EndpointVault(SECRETS);
const stranger = new EndpointVault(deriveSecrets(Buffer.alloc(32, 8).toString("base64")));
const texts = (keys: EndpointKeys): string[] => [keys.secretText, keys.publicKeyText];

describe("the keys of endpoints", () => {
  it("are 64 random bytes each, sealed, and the same whenever they are opened", () => {
    const material = randomBytes(64);
    const known = new EndpointVault(SECRETS, (bytes) => (bytes === 64 ? material : randomBytes(bytes)));
    const sealed = known.newKeys(7);
    const { secretText } = vault.keysOf(7, sealed);
    expect(secretText).toBe(`whsec_${material.subarray(0, 32).toString("base64")}`);
    expect(texts(afterRestart().keysOf(7, sealed))).toEqual(texts(vault.keysOf(7, sealed)));
    expect(sealed).not.toContain(material.toString("base64url").slice(0, 10));
  });

  it("are others for each endpoint and each time", () => {
    const opened = [1, 2, 3].flatMap((id) =>
      [vault, vault, stranger].map((it) => texts(it.keysOf(id, it.newKeys(id)))),
    );
    expect(new Set(opened.flat()).size).toBe(18);
  });

  it("are refused as another endpoint's, as headers, and under another master key, also once they were opened", () => {
    const sealed = vault.newKeys(7);
    vault.keysOf(7, sealed);
    expect(() => vault.keysOf(8, sealed)).toThrow(SealBroken);
    expect(() => vault.openHeaders(7, sealed)).toThrow(SealBroken);
    expect(() => stranger.keysOf(7, sealed)).toThrow(SealBroken);
    expect(() => vault.keysOf(7, vault.sealHeaders(7, {}))).toThrow(SealBroken);
  });

  it("are refused when they are not 64 bytes", () => {
    const short = new Sealer(SECRETS.sealing, randomBytes).seal(Buffer.alloc(63), "endpoint-7 keys");
    expect(() => vault.keysOf(7, short)).toThrow(SealBroken);
  });

  it("follow from the master key and the number where none were sealed", () => {
    const derived = [1, 2].map((id) => texts(vault.keysOf(id, null)));
    expect(derived).toEqual([1, 2].map((id) => texts(afterRestart().keysOf(id, null))));
    expect(new Set([...derived.flat(), ...texts(stranger.keysOf(1, null))]).size).toBe(6);
    // Receivers have these: they may never change.
    expect(derived[0]).toEqual([
      "whsec_lUewyIkKZJklI/R/oyuMMGlfiOXpPCfoyTwYPu8zf18=",
      "whpk_PBFyw2jPLjHc1GUf2xIpuf2JcDlApjJIsByal9turaQ=",
    ]);
  });

  it("are opened once, and the ones used last are remembered", () => {
    const small = new EndpointVault(SECRETS, randomBytes, 2);
    const sealed = [1, 2, 3].map((id) => small.newKeys(id));
    const open = (id: number): EndpointKeys => small.keysOf(id, sealed[id - 1] ?? null);
    const [first, second] = [open(1), open(2)];
    expect(open(1)).toBe(first);
    open(3);
    expect(open(1)).toBe(first);
    expect(open(2)).not.toBe(second);
    expect(texts(open(2))).toEqual(texts(second));
  });
});

describe("what an attempt is signed with", () => {
  const expires_at = "2026-11-25T10:00:00.000Z";
  const [older, newer] = [vault.newKeys(7), vault.newKeys(7)];
  const endpoint = { endpoint_id: 7, sealed_keys: newer, previous_keys: { sealed_keys: older, expires_at } };
  const at = (now: number, previous: string | null = older): string[] =>
    vault
      .signingKeys({ ...endpoint, previous_keys: { sealed_keys: previous, expires_at } }, now)
      .map((keys) => keys.secretText);
  const secretOf = (sealed: string | null): string => vault.keysOf(7, sealed).secretText;

  it("is the current secret, and the previous one to the last millisecond of the overlap", () => {
    const end = Date.parse(expires_at);
    expect(at(end - 1)).toEqual([secretOf(newer), secretOf(older)]);
    expect(at(end)).toEqual([secretOf(newer)]);
    expect(at(end + 1)).toEqual([secretOf(newer)]);
  });

  it("is the current secret alone where none was before", () => {
    expect(vault.signingKeys({ ...endpoint, previous_keys: null }, 0)).toEqual([vault.keysOf(7, newer)]);
    expect(vault.signingKeys({ endpoint_id: 7, sealed_keys: null, previous_keys: null }, 0)).toEqual([
      vault.keysOf(7, null),
    ]);
  });

  it("is the derived secret besides, where that was before", () => {
    expect(at(0, null)).toEqual([secretOf(newer), secretOf(null)]);
  });
});

describe("the headers of an endpoint's owner", () => {
  const headers = fc.dictionary(fc.string({ minLength: 1, maxLength: 64 }), fc.string({ maxLength: 200 }));

  it("come back as they were given, in their order, also one named __proto__", () => {
    const given = Object.fromEntries([
      ["authorization", "Bearer hunter2"],
      ["__proto__", "x"],
      ["b", ""],
      ["a", "é"],
    ]);
    const sealed = vault.sealHeaders(7, given);
    expect(sealed).not.toContain("hunter2");
    expect(Object.entries(afterRestart().openHeaders(7, sealed))).toEqual(Object.entries(given));
    fc.assert(
      fc.property(headers, (some) => {
        expect(Object.entries(vault.openHeaders(7, vault.sealHeaders(7, some)))).toEqual(Object.entries(some));
      }),
    );
  });

  it("are none where none were sealed", () => {
    expect(vault.openHeaders(7, null)).toEqual({});
  });

  it("are refused as another endpoint's, as keys, and under another master key, also once they were opened", () => {
    const sealed = vault.sealHeaders(7, { authorization: "Bearer hunter2" });
    expect(vault.openHeaders(7, sealed)).toBe(vault.openHeaders(7, sealed));
    for (const open of [
      () => vault.openHeaders(8, sealed),
      () => vault.keysOf(7, sealed),
      () => stranger.openHeaders(7, sealed),
    ]) {
      expect(open).toThrow(SealBroken);
      expect(open).not.toThrow(/hunter2/);
    }
  });
});
