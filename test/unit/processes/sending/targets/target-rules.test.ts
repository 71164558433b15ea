import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTargetRules } from "../../../../../src/processes/sending/targets/target-rules.ts";

const rules = createTargetRules([], () => new Set());

const label63 = "a".repeat(63);
const name253 = `${`${label63}.`.repeat(3)}${"b".repeat(57)}.com`;

describe("judgeUrl", () => {
  it.each([
    "http://example.com",
    "https://example.com/hook?x=1",
    "HTTPS://EXAMPLE.COM/",
    "http://example.com:80/",
    "https://example.com:443/",
    "http://example.com:443/",
    "http://example.com:1024/",
    "http://example.com:8443/",
    "http://example.com:65535/",
    "http://8.8.8.8/",
    "http://1.1.1.1:8080/x",
    "http://172.15.255.255/",
    "http://172.32.0.0/",
    "http://100.128.0.1/",
    "http://192.0.1.1/",
    "http://168.63.129.17/",
    "http://[2606:4700:4700::1111]/",
    "http://[2001:200::1]/",
    "http://[::ffff:8.8.8.8]/",
    "https://bücher.example/",
    "https://例え.テスト.jp/",
    "https://xn--bcher-kva.example/",
    "https://example.com/?next=http://127.0.0.1/",
    "https://example.com/http://localhost/",
    "https://example.com/user@host",
    "https://my_host.example.com/",
    "https://localhost.example.com/",
    "https://notlocal.com/",
    "https://mylan.io/",
    "https://internal.example.com/",
    "https://10.0.0.1.example.com/",
    "https://example.com/%7Euser/%20",
    "https://example.com/ünïcode",
    `https://example.com/${"x".repeat(2048 - "https://example.com/".length)}`,
    `https://${name253}/`,
  ])("takes %s", (url) => {
    expect(rules.judgeUrl(url)).toBe("ok");
  });

  it.each([
    "",
    "example.com",
    "/hook",
    "http://",
    "http:example.com",
    "http:/example.com",
    "http:///example.com",
    "http://exa mple.com/",
    " http://example.com/",
    "http://example.com/ ",
    "http://example.com/a b",
    "http://example.com/a\tb",
    "http://example.com/a\nb",
    "http://example.com/\u0000",
    "http://example.com/\u0085",
    "http://example.com/\u3000",
    "http://example.com\\@8.8.8.8/",
    "http://example.com/a\\b",
    "http://user@example.com/",
    "http://user:secret@example.com/",
    "http://@example.com/",
    "http://:@example.com/",
    "http://example.com/#",
    "http://example.com/#part",
    "http://example.com:0/",
    "http://example.com:22/",
    "http://example.com:79/",
    "http://example.com:1023/",
    "http://example.com:65536/",
    "http://example.com:6667/",
    "http://example.com:10080/",
    "http://example.com:2049/",
    "http://example.com./",
    "http://example..com/",
    "http://.example.com/",
    "http://foo.123/",
    "http://1.2.3.4.5/",
    "http://256.1.1.1/",
    "http://[::1/",
    "http://[fe80::1%25eth0]/",
    "http://user@localhost/",
    `http://a${label63}.com/`,
    `http://c${name253}/`,
    `https://example.com/${"x".repeat(2049 - "https://example.com/".length)}`,
  ])("says that %j is no valid URL", (url) => {
    expect(rules.judgeUrl(url)).toBe("not_a_url");
  });

  it.each([
    ...["ftp://example.com/", "file:///etc/passwd", "gopher://127.0.0.1/", "javascript:alert(1)", "mailto:a@b.c"],
    ...["ws://example.com/", "localhost:8080", "ftp://user@localhost/#x", `ftp://example.com/${"x".repeat(3000)}`],
  ])("says that %s is not http, whatever else is wrong", (url) => {
    expect(rules.judgeUrl(url)).toBe("not_http");
  });

  it.each([
    ...[
      "localhost",
      "LOCALHOST",
      "localhost.",
      "intranet",
      "metadata",
      "%6c%6fcalhost",
      "ｌｏｃａｌｈｏｓｔ",
      "loc\u00adalhost",
    ],
    ...["a.localhost", "printer.local", "x.internal", "metadata.google.internal", "x.intranet", "x.lan", "x.home"],
    ...["x.corp", "x.private", "x.home.arpa", "1.0.0.127.in-addr.arpa", "x.onion", "nowhere.invalid", "x.svc"],
    ...["api.default.svc.cluster.local", "x.local.", "x。local"],
  ])("refuses the name %s", (host) => {
    expect(rules.judgeUrl(`http://${host}/`)).toBe("forbidden");
  });

  it.each([
    ...["127.0.0.1", "127.1", "2130706433", "017700000001", "0x7f000001", "0x7f.1", "0177.0.0.01", "127.0.0.1."],
    ...["１２７.０.０.１", "127。0。0。1", "%31%32%37.0.0.1", "①②⑦.0.0.1", "0", "0.0.0.0", "255.255.255.255"],
    ...["10.1.2.3", "100.64.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.168.1.1", "168.63.129.16"],
    ...["[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:a00:1]", "[::127.0.0.1]", "[fe80::1]"],
    ...["[fd00::1]", "[fc00::1]", "[ff02::1]", "[64:ff9b::a00:1]", "[2002:7f00:1::]", "[2001::1]", "[2001:db8::1]"],
    ...["[2001:1ff:ffff::1]", "[2620:4f:8000::1]", "[3fff::1]", "[4000::1]", "[1fff::1]", "[fec0::1]", "[100::1]"],
  ])("refuses the address %s", (host) => {
    expect(rules.judgeUrl(`http://${host}/`)).toBe("forbidden");
    expect(rules.judgeUrl(`https://${host}:8443/a?b=c`)).toBe("forbidden");
  });

  it("never throws, and never finds a URL good that does not parse as http", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webUrl(), fc.string({ unit: "binary" })), (text) => {
        if (rules.judgeUrl(text) === "ok") expect(URL.parse(text)?.protocol).toMatch(/^https?:$/);
      }),
    );
  });
});

describe("the ranges that the operator opened", () => {
  const opened = createTargetRules(["127.0.0.2/32", "fd00::/8", "::ffff:10.1.0.0/112"], () => new Set(["127.0.0.2"]));

  it("count as public everywhere, before every other rule", () => {
    expect(opened.judgeAddress("127.0.0.2")).toBe(true);
    expect(opened.judgeAddress("::ffff:127.0.0.2")).toBe(true);
    expect(opened.judgeUrl("http://127.0.0.2:8081/")).toBe("ok");
    expect(opened.judgeUrl("http://[fd12::1]/")).toBe("ok");
    expect(opened.judgeAddress("10.1.255.1")).toBe(true);
  });

  it("open nothing else", () => {
    expect(opened.judgeAddress("127.0.0.1")).toBe(false);
    expect(opened.judgeAddress("127.0.0.3")).toBe(false);
    expect(opened.judgeAddress("10.2.0.1")).toBe(false);
    expect(opened.judgeUrl("http://[fe80::1]/")).toBe("forbidden");
    expect(opened.judgeUrl("http://localhost/")).toBe("forbidden");
  });

  it("are refused when they are no ranges", () => {
    expect(() => createTargetRules(["10.0.0.0/33"])).toThrow('"10.0.0.0/33" is not an address range');
  });
});
