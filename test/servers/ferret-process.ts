import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { connect } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { freePort } from "../fixtures/free-port.ts";
import { until } from "../fixtures/until.ts";
import { TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";

const HOST = "127.0.0.1";

/** FerretDB 1.24: on the PATH, or where `go install` puts programs; null when it is in neither, or does not run. */
export function ferretProgram(): string | null {
  const places = ["ferretdb", join(process.env["GOBIN"] ?? join(homedir(), "go", "bin"), "ferretdb")];
  return places.find((place) => spawnSync(place, ["--version"], { stdio: "ignore" }).status === 0) ?? null;
}

/**
 * FerretDB, which speaks MongoDB's protocol over SQLite, in a process of its own on a port that it keeps over restarts.
 * Its updates are not atomic, so it proves shapes, queries and outages, and no races.
 */
export class FerretProcess implements AsyncDisposable {
  readonly url: string;
  readonly #program: string;
  readonly #port: number;
  readonly #folder = new TemporaryFolder();
  #child: ChildProcess | null = null;

  private constructor(program: string, port: number) {
    this.#program = program;
    this.#port = port;
    this.url = `mongodb://${HOST}:${port}/`;
  }

  /** Starts it on a free port and resolves when it takes connections. */
  static async start(program: string): Promise<FerretProcess> {
    const ferret = new FerretProcess(program, await freePort());
    await ferret.restart();
    return ferret;
  }

  /** Starts it again, with what it had stored, after `kill9`. */
  async restart(): Promise<void> {
    const folder = this.#folder.path;
    const options = {
      handler: "sqlite",
      "sqlite-url": `file:${folder}/`,
      "state-dir": folder,
      "listen-addr": `${HOST}:${this.#port}`,
      "debug-addr": "-",
      telemetry: "disable",
      "log-level": "ERROR",
    };
    const flags = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    const child = spawn(this.#program, flags, { stdio: "ignore" });
    process.once("exit", () => child.kill("SIGKILL"));
    this.#child = child;
    await until("FerretDB to listen", () => answers(this.#port));
  }

  /** Ends it at once, and resolves when it is gone. */
  async kill9(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }

  /** Stops it from running (SIGSTOP): connections stay open and nothing is answered. */
  freeze(): void {
    this.#child?.kill("SIGSTOP");
  }

  /** Lets it run on (SIGCONT). */
  thaw(): void {
    this.#child?.kill("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill9();
    this.#folder[Symbol.dispose]();
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, HOST);
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
