import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorCodeOf, isOwnFault, outcomeOfStatus } from "../../../../src/processes/sending/attempt-outcome.ts";

describe("outcomeOfStatus", () => {
  const expected: [number[], "delivered" | "failed", string | null][] = [
    [[200, 201, 204, 206, 299], "delivered", null],
    [[300, 301, 302, 303, 304, 307, 308, 399], "failed", "redirect"],
    [[410], "failed", "gone"],
    [[100, 103, 199, 400, 404, 409, 411, 429, 500, 503, 599, 600, 999], "failed", "http_status"],
    [[0, 1, 99, 101], "failed", "protocol"],
  ];
  it.each(expected)("%j is %s (%s)", (statuses, outcome, errorCode) => {
    expect(statuses.map(outcomeOfStatus)).toEqual(statuses.map(() => ({ outcome, errorCode })));
  });

  it("has an error code exactly when it failed", () => {
    fc.assert(
      fc.property(fc.nat(1500), (status) => {
        const { outcome, errorCode } = outcomeOfStatus(status);
        expect(errorCode === null).toBe(outcome === "delivered");
        expect(outcome === "delivered").toBe(status >= 200 && status < 300);
      }),
    );
  });
});

const failure = (code: string, more: object = {}): Error => Object.assign(new Error("x"), { code }, more);

describe("errorCodeOf", () => {
  it.each([
    ["dns", ["ENOTFOUND", "EAI_AGAIN", "EAI_FAIL", "ENODATA", "ESERVFAIL", "EREFUSED", "ETIMEOUT", "EBADNAME"]],
    ["refused", ["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL"]],
    ["reset", ["ECONNRESET", "EPIPE", "ECONNABORTED", "UND_ERR_SOCKET"]],
    ["timeout", ["ETIMEDOUT", "UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"]],
    ["tls", ["ERR_TLS_CERT_ALTNAME_FORMAT", "ERR_SSL_WRONG_VERSION_NUMBER", "EPROTO", "CERT_NOT_YET_VALID"]],
    ["tls", ["ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE", "ERR_SSL_TLSV1_UNRECOGNIZED_NAME", "ERR_OSSL_EVP_UNSUPPORTED"]],
    ["tls", ["INVALID_CA", "CRL_HAS_EXPIRED", "CERT_REVOKED", "CERT_SIGNATURE_FAILURE", "UNABLE_TO_GET_CRL"]],
    // Of a receiver that does not like ours.
    ["tls", ["ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED", "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA"]],
    ["tls_untrusted", ["DEPTH_ZERO_SELF_SIGNED_CERT", "SELF_SIGNED_CERT_IN_CHAIN", "CERT_UNTRUSTED"]],
    ["tls_untrusted", ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"]],
    ["tls_expired", ["CERT_HAS_EXPIRED"]],
    ["tls_name_mismatch", ["ERR_TLS_CERT_ALTNAME_INVALID", "HOSTNAME_MISMATCH"]],
    ["protocol", ["HPE_INVALID_CONSTANT", "UND_ERR_HEADERS_OVERFLOW", "UND_ERR_RES_CONTENT_LENGTH_MISMATCH"]],
    ["protocol", ["UND_ERR_RES_EXCEEDED_MAX_SIZE", "ERR_ASSERTION", "UND_ERR_INVALID_ARG", "SOMETHING_NEW"]],
  ])("gives %s for %s", (expected, codes) => {
    expect(codes.map((code) => errorCodeOf(failure(code), "connecting"))).toEqual(codes.map(() => expected));
  });

  it("treats a resolver that refuses as a failed lookup", () => {
    expect(errorCodeOf(failure("ECONNREFUSED", { syscall: "queryA" }), "connecting")).toBe("dns");
    expect(errorCodeOf(failure("ECONNREFUSED", { syscall: "connect" }), "connecting")).toBe("refused");
  });

  it("takes a connection that ends in the handshake for a failure of TLS, and not what breaks after it", () => {
    const stages = ["connecting", "securing", "written"] as const;
    const codesOf = (code: string): string[] => stages.map((stage) => errorCodeOf(failure(code), stage));
    expect(codesOf("ECONNRESET")).toEqual(["reset", "tls", "reset"]);
    expect(codesOf("UND_ERR_SOCKET")).toEqual(["reset", "tls", "reset"]);
    expect(codesOf("ECONNREFUSED")).toEqual(["refused", "refused", "refused"]);
    expect(codesOf("ERR_SSL_BAD_RECORD_TYPE")).toEqual(["tls", "tls", "protocol"]);
    expect(codesOf("ERR_SSL_SSL/TLS_ALERT_UNEXPECTED_MESSAGE")).toEqual(["tls", "tls", "protocol"]);
    // Of a receiver that wants our certificate, and tells so after our side of a TLS 1.3 handshake.
    expect(codesOf("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED")).toEqual(["tls", "tls", "tls"]);
    expect(codesOf("ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE")).toEqual(["tls", "tls", "tls"]);
  });

  it("looks into the errors of several addresses and into causes", () => {
    expect(errorCodeOf(new AggregateError([failure("ECONNREFUSED"), failure("ENETUNREACH")]), "connecting")).toBe(
      "refused",
    );
    expect(errorCodeOf(new Error("x", { cause: failure("ECONNRESET") }), "connecting")).toBe("reset");
  });

  it("gives a code for whatever was thrown", () => {
    const circle: { cause?: unknown } = {};
    circle.cause = circle;
    expect([undefined, null, "text", 7, {}, circle, new Error("x")].map((e) => errorCodeOf(e, "written"))).toEqual(
      Array(7).fill("protocol"),
    );
    fc.assert(
      fc.property(
        fc.anything(),
        (thrown) => typeof errorCodeOf(thrown, "securing") === "string" && !isOwnFault(thrown),
      ),
    );
  });
});

describe("isOwnFault", () => {
  it("knows what the receiver has no part in", () => {
    const own = ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "UND_ERR_CLOSED", "UND_ERR_DESTROYED"];
    expect(own.filter((code) => !isOwnFault(failure(code)))).toEqual([]);
    expect(isOwnFault(new AggregateError([failure("ECONNREFUSED"), failure("EMFILE")]))).toBe(true);
    expect(isOwnFault(failure("ECONNREFUSED"))).toBe(false);
  });
});
