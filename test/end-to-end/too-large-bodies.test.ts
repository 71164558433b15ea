import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, it } from "vitest";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";

const run = promisify(execFile);

const TRIES = 20;
/** The largest ones come first: with them the process gets the memory that it needs. */
const MEGABYTES = [10, 5, 2];
/** How much more the process may then use at its peak, in MiB, of the 140 MB that the other bodies have. */
const FLAT_MIB = 100;

/** Sends so many bodies with urllib, and prints the status of each, or what came instead. */
const URLLIB = `
import sys, urllib.error, urllib.request
url, path, tries = sys.argv[1:]
body = open(path, "rb").read()
for _ in range(int(tries)):
    headers = {"Content-Type": "application/json"}
    try:
        print(urllib.request.urlopen(urllib.request.Request(url, body, headers)).status)
    except urllib.error.HTTPError as error:
        print(error.code)
    except Exception as error:
        print(repr(error))
`;

/** Whether the program is here, so that a test without it can say why it is skipped. */
async function isInstalled(program: string): Promise<boolean> {
  return run(program, ["--version"]).then(
    () => true,
    () => false,
  );
}

/** What a client sends, and where. */
interface Upload {
  readonly url: string;
  readonly body: Buffer;
  /** A file with the body. */
  readonly path: string;
}

/** Each client: the statuses that it saw in so many uploads, as text, or the error of one. */
const CLIENTS: Readonly<Record<string, (upload: Upload) => Promise<string[]>>> = {
  fetch: async ({ url, body }) => {
    const seen: string[] = [];
    const headers = { "content-type": "application/json" };
    for (let n = 0; n < TRIES; n++) {
      const reply = await fetch(url, { method: "POST", headers, body }).catch((error: unknown) => error);
      if (reply instanceof Response) await reply.arrayBuffer();
      seen.push(reply instanceof Response ? String(reply.status) : String(reply));
    }
    return seen;
  },
  python3: async ({ url, path }) => {
    const { stdout } = await run("python3", ["-c", URLLIB, url, path, String(TRIES)]);
    return stdout.trimEnd().split("\n");
  },
  curl: async ({ url, path }) => {
    const seen: string[] = [];
    const headers = ["-H", "Content-Type: application/json"];
    // Without its trick of asking first, which not every version has, the body is under way when the answer comes.
    for (const expect of [["-H", "Expect:"], []]) {
      for (let n = 0; n < TRIES / 2; n++) {
        const args = ["-s", "-o", "-", "-w", "\n%{http_code}", ...headers, ...expect, "--data-binary", `@${path}`, url];
        const { stdout } = await run("curl", args).catch((error: unknown) => ({ stdout: String(error) }));
        seen.push(stdout.split("\n").at(-1) ?? "");
      }
    }
    return seen;
  },
};

describe.concurrent("a body that is too large", () => {
  it.for(Object.entries(CLIENTS))("is answered 413, and %s sees it every time", async ([name, upload], context) => {
    if (name !== "fetch" && !(await isInstalled(name))) context.skip(`${name} is not installed`);
    using folder = new TemporaryFolder();
    await using gateway = await GatewayProcess.start(folder.path);
    const address = await gateway.ready;
    const path = join(folder.path, "body");
    const peaks: number[] = [];
    for (const megabytes of MEGABYTES) {
      const body = Buffer.alloc(megabytes * 1_000_000, " ");
      writeFileSync(path, body);
      const seen = await upload({ url: `${address}/v1/users`, body, path });
      context.expect(seen, `${megabytes} MB`).toEqual(Array.from({ length: TRIES }, () => "413"));
      peaks.push(Math.round(gateway.peakResidentMiB()));
    }
    console.log(`${TRIES} bodies of ${MEGABYTES.join(", ")} MB by ${name}: at most ${peaks.join(", ")} MiB of memory`);
    context.expect(peaks.at(-1)).toBeLessThan(peaks[0]! + FLAT_MIB);
    context.expect(gateway.logged(({ level }) => level >= 50)).toEqual([]);
  });
});
