import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { projectFile } from "./compose-file.ts";

interface Instruction {
  readonly name: string;
  readonly words: string;
}

/** The stages of the Dockerfile, each with its instructions; continued lines are joined, comments left out. */
function stages(): Instruction[][] {
  const text = projectFile("Dockerfile")
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll(/\\\n\s*/g, "");
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const instructions = lines.map((line) => {
    const [, name = "", words = ""] = /^(\w+) (.*)$/.exec(line) ?? [];
    return { name, words };
  });
  const begins = instructions.flatMap(({ name }, index) => (name === "FROM" ? [index] : []));
  return begins.map((begin, n) => instructions.slice(begin, begins[n + 1]));
}

const ALL = stages();
const LAST = ALL.at(-1)!;

/** What the last stage says by an instruction that it has exactly once. */
function only(name: string): string {
  const found = LAST.filter((instruction) => instruction.name === name);
  expect(found, name).toHaveLength(1);
  return found[0]!.words;
}

/** The words of an instruction in exec form; throws when it is in shell form. */
function execForm(words: string): string[] {
  return JSON.parse(words) as string[];
}

function healthCommand(): string[] {
  return execForm(/CMD (.*)$/.exec(only("HEALTHCHECK"))![1]!);
}

/** The exit code of the health check while something, or nothing, answers on the port. */
async function healthWith(port: number): Promise<number> {
  const [command, ...args] = healthCommand();
  expect(command).toBe("node");
  const child = spawn(process.execPath, args, { env: { PORT: String(port) }, stdio: "ignore" });
  const [code] = (await once(child, "exit")) as [number];
  return code;
}

async function answering(status: number): Promise<number> {
  const server = createServer((request, response) => {
    response.writeHead(request.url === "/livez" ? status : 404).end();
  });
  onTestFinished(() => void server.close());
  await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}

describe("the image", () => {
  const { scripts, engines } = JSON.parse(projectFile("package.json")) as {
    scripts: Record<string, string>;
    engines: { node: string };
  };

  it("runs on the Node that the program needs, in every stage", () => {
    const [, major] = /^>=(\d+)$/.exec(engines.node)!;
    for (const [from] of ALL) expect(from!.words).toMatch(new RegExp(`^node:${major}-bookworm-slim`));
  });

  it("starts what `npm start` starts, with the same flags, without a shell", () => {
    expect(execForm(only("ENTRYPOINT")).join(" ")).toBe(scripts["start"]);
    expect(LAST.map(({ name }) => name)).not.toContain("CMD");
  });

  it("has the production dependencies only, as the lock has them", () => {
    const copied = LAST.filter(({ name, words }) => name === "COPY" && words.includes("node_modules"));
    expect(copied).toHaveLength(1);
    const [, from] = /^--from=(\w+) /.exec(copied[0]!.words)!;
    const stage = ALL.find(([first]) => first!.words.endsWith(` AS ${from}`))!;
    const installs = stage.filter(({ name, words }) => name === "RUN" && words.startsWith("npm"));
    expect(installs.map(({ words }) => words)).toEqual(["npm ci --omit=dev --ignore-scripts"]);
  });

  it("runs as a user that is not root and that owns the data folder and nothing else", () => {
    expect(only("USER")).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(LAST.some(({ name, words }) => name === "COPY" && words.includes("--chown"))).toBe(false);
    expect(only("RUN")).toBe("install -d -o node -g node -m 0700 /data");
  });

  it("has one place to write to, which is the data folder", () => {
    expect(only("ENV")).toContain("DATA_DIR=/data");
    expect(only("VOLUME")).toBe("/data");
  });

  it("listens where others can reach it, stops by SIGTERM, and knows that it is in production", () => {
    expect(only("ENV")).toMatch(/NODE_ENV=production .*HOST=0\.0\.0\.0 .*PORT=8080/);
    expect(only("STOPSIGNAL")).toBe("SIGTERM");
    expect(only("EXPOSE")).toBe("8080");
  });

  it("has no secret in it", () => {
    expect(projectFile("Dockerfile")).not.toMatch(/MASTER_KEY|API_KEY|PASSWORD/);
    const allowed = projectFile(".dockerignore")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    expect(allowed[0]).toBe("*");
    const context = ALL.flat().filter(({ name, words }) => name === "COPY" && !words.startsWith("--from"));
    const copied = new Set(context.flatMap(({ words }) => words.split(" ").slice(0, -1)));
    expect(allowed.slice(1).sort()).toEqual([...copied].map((path) => `!${path}`).sort());
  });

  it("is healthy while /livez says so, and not when it says no or nothing", async () => {
    expect(await healthWith(await answering(200))).toBe(0);
    expect(await healthWith(await answering(503))).toBe(1);
    expect(await healthWith(1)).toBe(1);
  });
});
