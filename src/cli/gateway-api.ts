import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config.ts";

/** What the API says of a projection, as far as a command needs it. */
export interface ShownProjection {
  readonly name: string;
  readonly state: string;
  readonly position: string | null;
  readonly head: string | null;
  readonly rebuild: { readonly phase: string; readonly position: string | null } | null;
  readonly last_comparison: { readonly differing: number } | null;
}

/** An operator's view of a running gateway. */
export class GatewayApi {
  readonly #address: string;
  readonly #key: string;

  constructor(address: string, key: string) {
    this.#address = address;
    this.#key = key;
  }

  /** Whether a gateway answers there. */
  async answers(): Promise<boolean> {
    try {
      return (await fetch(`${this.#address}/livez`)).ok;
    } catch {
      return false;
    }
  }

  /** Every projection. Throws an Error of one line. */
  async projections(): Promise<readonly ShownProjection[]> {
    const { data } = (await this.#ask("GET", "/v1/admin/projections")) as { data: ShownProjection[] };
    return data;
  }

  /** Has a projection made again. Throws an Error of one line. */
  async rebuild(name: string): Promise<void> {
    await this.#ask("POST", `/v1/admin/projections/${encodeURIComponent(name)}/rebuild`);
  }

  async #ask(method: string, path: string): Promise<unknown> {
    let reply: Response;
    try {
      reply = await fetch(this.#address + path, { method, headers: { "x-api-key": this.#key } });
    } catch (error) {
      throw new Error(`no gateway answers at ${this.#address}`, { cause: error });
    }
    const body = (await reply.json()) as { error?: string; details?: { errors: string[] } };
    if (reply.ok) return body;
    const details = body.details === undefined ? "" : `: ${body.details.errors.join("; ")}`;
    throw new Error(`the gateway says ${reply.status} ${body.error ?? ""}${details}`);
  }
}

/** The operator's key: the configured one, or the one in the data folder; null when there is neither. */
export function operatorKeyOf({ operatorApiKey, dataDir }: Pick<Config, "operatorApiKey" | "dataDir">): string | null {
  const file = join(dataDir, "operator.key");
  return operatorApiKey ?? (existsSync(file) ? readFileSync(file, "utf8").trim() : null);
}
