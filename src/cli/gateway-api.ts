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

/** A delivery as the overview names it; times are ISO 8601 UTC. */
export interface OverviewDelivery {
  readonly id: string;
  readonly user_id: number | null;
  readonly endpoint_id: number;
  readonly due_at: string | null;
  readonly waiting_for: string | null;
  readonly since: string;
  readonly attempts: number;
  readonly last_error: string | null;
}

type Count = number | null;

/** What the API says of the gateway as a whole; null is not known now. */
export interface Overview {
  readonly time: string;
  readonly instance: { readonly version: string; readonly revision: string; readonly uptime_seconds: number };
  readonly oldest_due: OverviewDelivery | null;
  readonly deliveries: Readonly<Record<"due" | "due_within_hour" | "held" | "under_way", Count>>;
  readonly endpoints: { readonly failing: Count; readonly failing_from: number };
  readonly queue: Readonly<Record<"waiting" | "limit" | "under_way" | "under_way_limit", number>>;
  readonly breakers: readonly unknown[];
  readonly paused_count: number;
  /** Some of them, that of everything first. */
  readonly paused: readonly {
    readonly scope: string;
    readonly user_id: number | null;
    readonly endpoint_id: number | null;
    readonly reason: string;
    readonly since: string;
  }[];
  readonly projections: readonly { readonly name: string; readonly live: boolean; readonly lag_seconds: number }[];
  readonly log: { readonly head: string | null; readonly bytes: Count };
  readonly read_models: { readonly bytes: Count };
  readonly disk_free_bytes: Count;
  readonly counted_seconds_ago: number | null;
}

/** Nothing answers at the gateway's address. */
export class NoAnswer extends Error {
  constructor(address: string, cause: unknown) {
    super(`no gateway answers at ${address}`, { cause });
    this.name = "NoAnswer";
  }
}

/** What answers at the address is another program, or a gateway of another version. */
class NoGateway extends Error {
  constructor(address: string) {
    super(`what answers at ${address} is no gateway of this version; name the gateway's own address`);
    this.name = "NoGateway";
  }
}

/** The gateway answered that it will not. The message is one line. */
export class GatewayRefusal extends Error {
  /** The status of the answer. */
  readonly status: number;

  constructor(status: number, reason: string) {
    super(`the gateway says ${status} ${reason}`);
    this.name = "GatewayRefusal";
    this.status = status;
  }
}

/** What an overview has at least: what is shown of it for a person. */
const OVERVIEW_FIELDS: readonly (keyof Overview)[] = [
  "time",
  "instance",
  "oldest_due",
  "deliveries",
  "endpoints",
  "queue",
  "breakers",
  "paused_count",
  "paused",
  "projections",
  "log",
  "read_models",
  "disk_free_bytes",
  "counted_seconds_ago",
];

/** How long an overview is waited for, in ms: the gateway gives it in a fraction of a second. */
const OVERVIEW_MS = 10_000;

/** An operator's view of a running gateway. */
export class GatewayApi {
  readonly #address: string;
  readonly #key: string;

  /** @param key the operator's; empty when it is not known */
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

  /** Every projection. Throws an Error of one line. `signal` breaks it off. */
  async projections(signal: AbortSignal): Promise<readonly ShownProjection[]> {
    const { data } = (await this.#ask("GET", "/v1/admin/projections", ["data"], signal)) as { data: ShownProjection[] };
    return data;
  }

  /**
   * How the gateway is. Throws an Error of one line, and NoAnswer when nothing answers within 10 s.
   *
   * @param signal breaks it off
   */
  async overview(signal: AbortSignal): Promise<Overview> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(OVERVIEW_MS)]);
    return (await this.#ask("GET", "/v1/admin/overview", OVERVIEW_FIELDS, limited)) as Overview;
  }

  /** Has a projection made again. Throws an Error of one line: GatewayRefusal with 409 when that is under way already. */
  async rebuild(name: string): Promise<void> {
    await this.#ask("POST", `/v1/admin/projections/${encodeURIComponent(name)}/rebuild`, []);
  }

  /** `fields`: what the answer of a gateway has. */
  async #ask(
    method: string,
    path: string,
    fields: readonly string[],
    signal: AbortSignal | null = null,
  ): Promise<unknown> {
    let reply: Response;
    let text: string;
    try {
      // The key is for this address only.
      const redirect = "manual";
      reply = await fetch(this.#address + path, { method, headers: { "x-api-key": this.#key }, signal, redirect });
      text = await reply.text();
    } catch (error) {
      throw new NoAnswer(this.#address, error);
    }
    const body = objectFrom(text) as { error?: string; details?: { errors: string[] } } | null;
    if (body === null || (reply.ok && !fields.every((field) => field in body))) throw new NoGateway(this.#address);
    if (reply.ok) return body;
    if (this.#key === "") {
      throw new Error(
        "the gateway asks for the operator's key: set DATA_DIR or OPERATOR_API_KEY as the gateway has it",
      );
    }
    const details = body.details === undefined ? "" : `: ${body.details.errors.join("; ")}`;
    throw new GatewayRefusal(reply.status, `${body.error ?? ""}${details}`);
  }
}

/** The operator's key: the configured one, or the one in the data folder; null when there is neither. */
export function operatorKeyOf({ operatorApiKey, dataDir }: Pick<Config, "operatorApiKey" | "dataDir">): string | null {
  const file = join(dataDir, "operator.key");
  return operatorApiKey ?? (existsSync(file) ? readFileSync(file, "utf8").trim() : null);
}

/** The object that a text is in JSON, or null. */
function objectFrom(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}
