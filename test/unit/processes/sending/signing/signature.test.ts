import { createPublicKey, createSecretKey, verify } from "node:crypto";
import { inspect } from "node:util";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EndpointKeys } from "../../../../../src/processes/sending/signing/endpoint-keys.ts";
import { signatureHeaders } from "../../../../../src/processes/sending/signing/signature.ts";
import type { Signing } from "../../../../../src/processes/sending/signing/signature.ts";
import { nastyPayloads } from "../../../../fixtures/nasty-json.ts";
import { officialVerifiers } from "../../../../fixtures/sending/official-verifiers.ts";

/** Of the specification (docs/reference/signatures.md). */
const VECTOR = {
  secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  deliveryId: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  timestampSeconds: 1_614_265_330,
  body: '{"test": 2432232314}',
  signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
};
const CURRENT = new EndpointKeys(Buffer.alloc(64, 1));
const PREVIOUS = new EndpointKeys(Buffer.alloc(64, 2));
const STRANGER = new EndpointKeys(Buffer.alloc(64, 3));

const signing = (changed: Partial<Signing> = {}): Signing => ({
  deliveryId: "0199a1b2-0000-7000-8000-000000000001",
  timestampSeconds: VECTOR.timestampSeconds,
  body: '{"a":1}',
  keys: [CURRENT],
  ed25519: false,
  ...changed,
});

/** Whether a `v1a` of these headers is one of this public key, verified by nothing of ours. */
function ed25519Holds(publicKeyText: string, body: string, headers: Readonly<Record<string, string>>): boolean {
  const x = Buffer.from(publicKeyText.replace(/^whpk_/, ""), "base64").toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const content = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
  return (headers["webhook-signature"] ?? "")
    .split(" ")
    .filter((signature) => signature.startsWith("v1a,"))
    .some((signature) => verify(null, content, key, Buffer.from(signature.slice(4), "base64")));
}

// The verifiers refuse what is older than 5 minutes by the machine's clock.
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: VECTOR.timestampSeconds * 1_000 }));
afterEach(() => void vi.useRealTimers());

describe("the headers that sign an attempt", () => {
  it("are those of the specification for its secret", () => {
    const hmac = createSecretKey(Buffer.from(VECTOR.secret.slice("whsec_".length), "base64"));
    const headers = signatureHeaders({ ...VECTOR, keys: [{ hmac, ed25519: CURRENT.ed25519 }], ed25519: false });
    expect(headers).toEqual({
      "webhook-id": VECTOR.deliveryId,
      "webhook-timestamp": "1614265330",
      "webhook-signature": VECTOR.signature,
    });
    for (const [, verifies] of officialVerifiers) verifies(VECTOR.secret, VECTOR.body, headers);
  });

  describe.each(officialVerifiers)("as %s sees them", (_name, verifies) => {
    it.each(nastyPayloads)("hold for $name", ({ text }) => {
      expect(() => verifies(CURRENT.secretText, text, signatureHeaders(signing({ body: text })))).not.toThrow();
    });

    it("hold for any text, any secret and either secret of an overlap, with and without ed25519", () => {
      fc.assert(
        fc.property(
          fc.string({ unit: "grapheme" }),
          fc.uuid(),
          fc.uint8Array({ minLength: 64, maxLength: 64 }),
          fc.boolean(),
          (text, deliveryId, material, ed25519) => {
            const own = new EndpointKeys(material);
            const body = JSON.stringify({ text });
            const headers = signatureHeaders(signing({ deliveryId, body, keys: [own, PREVIOUS], ed25519 }));
            verifies(own.secretText, body, headers);
            verifies(PREVIOUS.secretText, body, headers);
            expect(() => verifies(STRANGER.secretText, body, headers)).toThrow("No matching signature found");
          },
        ),
      );
    });

    it("do not hold with another id, time, body or secret", () => {
      const { body } = signing();
      const headers = signatureHeaders(signing({ ed25519: true }));
      verifies(CURRENT.secretText, body, headers);
      const tampered: readonly (readonly [secret: string, body: string, changed: Record<string, string>])[] = [
        [CURRENT.secretText, body, { "webhook-id": "0199a1b2-0000-7000-8000-000000000002" }],
        [CURRENT.secretText, body, { "webhook-timestamp": String(VECTOR.timestampSeconds + 1) }],
        [CURRENT.secretText, '{"a":2}', {}],
        [CURRENT.secretText, `${body} `, {}],
        [STRANGER.secretText, body, {}],
        [CURRENT.secretText, body, { "webhook-signature": headers["webhook-signature"].replace("v1,", "v1,A") }],
      ];
      for (const [secret, text, changed] of tampered) {
        expect(() => verifies(secret, text, { ...headers, ...changed })).toThrow("No matching signature found");
      }
    });
  });

  it("name the current secret first, then the previous one, and v1a after every v1", () => {
    const headers = signatureHeaders(signing({ keys: [CURRENT, PREVIOUS], ed25519: true }));
    const alone = (keys: EndpointKeys): string[] =>
      signatureHeaders(signing({ keys: [keys], ed25519: true }))["webhook-signature"].split(" ");
    const [currentV1, currentV1a] = alone(CURRENT);
    const [previousV1, previousV1a] = alone(PREVIOUS);
    expect(headers["webhook-signature"].split(" ")).toEqual([currentV1, previousV1, currentV1a, previousV1a]);
    expect(headers["webhook-signature"]).toMatch(/^v1,[\w+/]{43}= v1,[\w+/]{43}= v1a,[\w+/]{86}== v1a,[\w+/]{86}==$/);
  });

  it.each(nastyPayloads)("hold for their public keys, and for no other, with $name", ({ text }) => {
    const headers = signatureHeaders(signing({ body: text, keys: [CURRENT, PREVIOUS], ed25519: true }));
    expect(ed25519Holds(CURRENT.publicKeyText, text, headers)).toBe(true);
    expect(ed25519Holds(PREVIOUS.publicKeyText, text, headers)).toBe(true);
    expect(ed25519Holds(STRANGER.publicKeyText, text, headers)).toBe(false);
    expect(ed25519Holds(CURRENT.publicKeyText, `${text} `, headers)).toBe(false);
  });
});

describe("the keys of an endpoint", () => {
  it("are written as the specification wants them", () => {
    expect(CURRENT.secretText).toBe(`whsec_${Buffer.alloc(32, 1).toString("base64")}`);
    expect(CURRENT.publicKeyText).toMatch(/^whpk_[\w+/]{43}=$/);
  });

  it("make the public key that RFC 8032 has for its first seed", () => {
    const seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    const { publicKeyText } = new EndpointKeys(Buffer.from("00".repeat(32) + seed, "hex"));
    expect(Buffer.from(publicKeyText.slice("whpk_".length), "base64").toString("hex")).toBe(
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    );
  });

  it.each([0, 32, 63, 65])("are not made of %i bytes", (length) => {
    expect(() => new EndpointKeys(Buffer.alloc(length))).toThrow(RangeError);
  });

  it("say nothing of themselves when they are written somewhere by mistake", () => {
    const written = JSON.stringify(CURRENT) + inspect(CURRENT, { depth: 9, showHidden: true });
    for (const spelling of [Buffer.alloc(9, 1).toString("base64"), "01".repeat(3), "01 01 01", "1,1,1", "1, 1, 1"]) {
      expect(written).not.toContain(spelling);
    }
  });
});
