import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AnswerHead } from "../../../../../src/processes/sending/answers/answer-head.ts";

interface Read {
  readonly interim: number[];
  readonly final: number[];
  /** What the client got: text, each character a byte; null when it got nothing. */
  readonly passed: string | null;
  readonly isForeign: boolean;
}

/** What becomes of this text (each character a byte) when it comes cut at these places. */
function read(text: string, cuts: readonly number[] = []): Read {
  const interim: number[] = [];
  const final: number[] = [];
  const head = new AnswerHead({
    onInterimStatus: (status) => interim.push(status),
    onFinalStatus: (status) => final.push(status),
  });
  const places = [0, ...[...cuts].sort((a, b) => a - b), text.length];
  for (let n = 1; n < places.length; n += 1) {
    const taken = head.take(Buffer.from(text.slice(places[n - 1], places[n]), "latin1"));
    if (taken === "foreign") return { interim, final, passed: null, isForeign: true };
    if (taken !== "more") {
      const passed = taken.toString("latin1") + text.slice(places[n]);
      return { interim, final, passed, isForeign: false };
    }
  }
  return { interim, final, passed: null, isForeign: false };
}

const OK = "HTTP/1.1 200 OK\r\n";

describe("the head of an answer", () => {
  it("is handed on with the fields that are needed, and the body behind it", () => {
    const fields =
      "Date: now\r\nContent-Length: 2\r\nContent-Type: text/plain\r\nKeep-Alive: timeout=5\r\nRetry-After: 7\r\n";
    expect(read(`${OK}${fields}\r\nokHTTP/1.1 500 X`)).toEqual({
      interim: [],
      final: [200],
      passed:
        "HTTP/1.1 200 \r\ncontent-length: 2\r\ncontent-type: text/plain\r\nkeep-alive: timeout=5\r\nretry-after: 7\r\n\r\n" +
        "okHTTP/1.1 500 X",
      isForeign: false,
    });
  });

  it("tells its status before it has ended", () => {
    expect(read("HTTP/1.1 503 Busy\r\nx: y")).toEqual({ interim: [], final: [503], passed: null, isForeign: false });
    expect(read("HTTP/1.1 503 Busy\r").final).toEqual([]);
  });

  it("comes behind interim answers and empty lines in any number", () => {
    const before = "\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 X\r\nlink: </x>\r\n\r\n\n".repeat(500);
    const { interim, final, passed } = read(`${before}${OK}content-length: 0\r\n\r\n`);
    expect(interim).toHaveLength(1_000);
    expect(final).toEqual([200]);
    expect(passed).toBe("HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n");
  });

  it.each([
    ["1.1", "HTTP/1.1"],
    ["1.0", "HTTP/1.0"],
    ["2.0", "HTTP/1.0"],
    ["0.9", "HTTP/1.0"],
  ])("may claim to be HTTP/%s", (version, passed) => {
    expect(read(`HTTP/${version} 204\r\n\r\n`)).toMatchObject({ final: [204], passed: `${passed} 204 \r\n\r\n` });
  });

  it.each([
    "HTTP/1.2 200 OK",
    "HTTP/1.1 2000",
    "HTTP/1.1 20 X",
    "http/1.1 200 OK",
    " HTTP/1.1 200",
    "RTSP/1.0 200",
    "\0",
  ])("is foreign when it begins with %j", (text) =>
    expect(read(`${text}\r\n\r\n`)).toMatchObject({ final: [], isForeign: true }),
  );

  it.each([
    ["a folded line", "x: 1\r\n 2\r\ncontent-length: 1\r\n"],
    ["a folded line that is needed", "content-type: text/\r\n\tplain\r\ncontent-length: 1\r\n"],
    ["the same length twice", "content-length: 1\r\nContent-Length: 1\r\n"],
    ["the same length twice in a line", "content-length: 1, 1\r\n"],
  ])("keeps its connection with %s", (_, fields) => {
    const { passed } = read(`${OK}${fields}\r\na`);
    expect(passed).toContain("content-length: 1\r\n");
    expect(passed).not.toContain("connection: close");
  });

  it.each([
    ["lines that end in LF alone", "HTTP/1.1 200 OK\ncontent-length: 1\n\n", "content-length: 1"],
    ["one line that ends in LF alone", `${OK}content-length: 1\n\r\n`, "content-length: 1"],
    ["a blank before a colon", `${OK}content-length : 1\r\n\r\n`, "content-length: 1"],
    ["more than 16 KiB", `${OK}${"x: 0123456789\r\n".repeat(1_200)}content-length: 1\r\n\r\n`, "content-length: 1"],
    ["a line of more than 16 KiB", `${OK}x: ${"y".repeat(17_000)}\r\ncontent-length: 1\r\n\r\n`, "content-length: 1"],
    [
      "a length and chunks",
      `${OK}content-length: 1\r\ntransfer-encoding: Chunked\r\n\r\n`,
      "transfer-encoding: chunked",
    ],
    ["a length and no coding", `${OK}content-length: 1\r\ntransfer-encoding: identity\r\n\r\n`, "content-length: 1"],
    [
      "more than one wish for its connection",
      `${OK}connection: keep-alive\r\nconnection: close\r\ncontent-length: 1\r\n\r\n`,
      "content-length: 1",
    ],
    [
      "chunks in HTTP/1.0",
      "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n",
      "transfer-encoding: chunked",
    ],
    ["a NUL", `${OK}x: a\0b\r\ncontent-length: 1\r\n\r\n`, "content-length: 1"],
    ["a line without a name", `${OK}: x\r\ncontent-length: 1\r\n\r\n`, "content-length: 1"],
    ["a line without a colon", `${OK}what\r\ncontent-length: 1\r\n\r\n`, "content-length: 1"],
  ])("has its connection closed with %s, and its body read", (_, text, framing) => {
    const { passed } = read(text);
    expect(passed).toContain("connection: close\r\n");
    expect(passed).toContain(`${framing}\r\n`);
    if (framing.startsWith("transfer")) expect(passed).not.toContain("content-length");
  });

  it.each([
    ["lengths that differ", "content-length: 1\r\ncontent-length: 2\r\n"],
    ["a length that is no number", "content-length: abc\r\n"],
    ["a length below nought", "content-length: -1\r\n"],
    ["a length of 30 digits", `content-length: ${"9".repeat(30)}\r\n`],
    ["no coding", "transfer-encoding: identity\r\n"],
    ["another coding", "transfer-encoding: gzip\r\ncontent-length: 2\r\n"],
    ["a coding behind the chunks", "transfer-encoding: chunked, gzip\r\n"],
    ["chunks twice", "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n"],
  ])("ends its body with the connection with %s", (_, fields) => {
    expect(read(`${OK}${fields}\r\nab`).passed).toBe("HTTP/1.1 200 \r\nconnection: close\r\n\r\nab");
  });

  it("is the same wherever its bytes are cut", () => {
    const piece = fc.constantFrom(
      ...[
        "HTTP/1.1 200 OK",
        "HTTP/1.1 100 X",
        "HTTP/1.0 503",
        "HTTP/1.1 2",
        "\r\n",
        "\n",
        "\r",
        "\r\n\r\n",
        " y",
        "\t",
      ],
      ...[
        "content-length: 3",
        "transfer-encoding: chunked",
        "retry-after: 7",
        "x: y",
        ":",
        "\0",
        "\xff",
        "connection: close",
      ],
    );
    const text = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(text, fc.boolean(), fc.array(fc.nat(200), { maxLength: 8 }), (tail, whole, cuts) => {
        const sent = whole ? OK + tail : tail;
        const expected = read(sent);
        expect(
          read(
            sent,
            cuts.filter((cut) => cut <= sent.length),
          ),
        ).toEqual(expected);
        expect(expected.final.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 2_000 },
    );
  });
});
