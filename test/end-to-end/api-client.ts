import type { Answered } from "../fixtures/gateway/load.ts";
import { until } from "./until.ts";

/** An attempt as the API shows it. */
export interface ShownAttempt {
  readonly number: number;
  readonly outcome: "delivered" | "failed" | "unknown";
  readonly duration_ms: number;
  readonly response_status: number | null;
  readonly error_code: string | null;
}

/** A delivery as the API shows it. */
export interface ShownDelivery {
  readonly id: string;
  readonly endpoint_id: number;
  readonly status: "PENDING" | "SUCCESS" | "FAILED" | "CANCELED";
  readonly attempts: number;
  readonly next_attempt_at: string | null;
  readonly payload_sha256: string;
  readonly failure_reason: string | null;
  readonly attempt_log: readonly ShownAttempt[];
}

/** The answer to a dispatch. */
export interface Dispatched extends Answered {
  /** Whether it is the answer to an earlier call with the same Idempotency-Key. */
  readonly replayed: boolean;
}

/** A client of one gateway, with one user's key. */
export class ApiClient {
  readonly #apiKey: string;
  readonly #address: string;

  constructor(address: string, apiKey: string) {
    this.#address = address;
    this.#apiKey = apiKey;
  }

  /** Creates a user, and gives the client of that user. */
  static async createUser(address: string, username = "alice"): Promise<ApiClient> {
    const reply = await new ApiClient(address, "").post("/v1/users", JSON.stringify({ username }));
    if (reply.status !== 201) throw new Error(`no user was made: ${await reply.text()}`);
    const { api_key: apiKey } = (await reply.json()) as { api_key: string };
    return new ApiClient(address, apiKey);
  }

  /** The same user at another address: after a restart. */
  at(address: string): ApiClient {
    return new ApiClient(address, this.#apiKey);
  }

  async createEndpoint(url: string): Promise<number> {
    const reply = await this.post("/v1/endpoints", JSON.stringify({ url, nickname: "an endpoint" }));
    if (reply.status !== 201) throw new Error(`no endpoint was made: ${await reply.text()}`);
    return ((await reply.json()) as { id: number }).id;
  }

  /** Asks for a delivery of these very bytes. Rejects when there was no answer. */
  async dispatch(endpointId: number, payload: string, headers: Record<string, string> = {}): Promise<Dispatched> {
    const reply = await this.post("/v1/dispatch", `{"endpoint_id":${endpointId},"payload":${payload}}`, headers);
    await reply.arrayBuffer();
    return {
      status: reply.status,
      deliveryId: reply.headers.get("x-delivery-id") ?? "",
      retryAfter: reply.headers.get("retry-after"),
      replayed: reply.headers.get("idempotency-replayed") === "true",
    };
  }

  post(path: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.#send("POST", path, body, headers);
  }

  patch(path: string, body: string): Promise<Response> {
    return this.#send("PATCH", path, body, {});
  }

  remove(path: string): Promise<Response> {
    return this.#send("DELETE", path, "{}", {});
  }

  /** The reply to a list of deliveries, whatever it is. */
  list(limit = 1): Promise<Response> {
    return this.#get(`/v1/deliveries?limit=${limit}`);
  }

  /**
   * The exact bytes of a reply that must be 200. It is asked again after a 503, as a client does: just after a start on a
   * busy machine the read models may not have come to the log's end within the time that a reading waits for them.
   */
  async bytes(path: string): Promise<Buffer> {
    const look = async (): Promise<Buffer | null> => {
      const reply = await this.#get(path);
      const body = Buffer.from(await reply.arrayBuffer());
      if (reply.status === 503) return null;
      if (reply.status !== 200) throw new Error(`${path} answered ${reply.status}: ${body.toString()}`);
      return body;
    };
    return until(`${path} to answer other than 503`, look);
  }

  async text(path: string): Promise<string> {
    return (await this.bytes(path)).toString();
  }

  async delivery(id: string): Promise<ShownDelivery> {
    return JSON.parse(await this.text(`/v1/deliveries/${id}`)) as ShownDelivery;
  }

  /** Every delivery of this user that matches, newest first, page by page; `query` such as `status=PENDING`. */
  async deliveries(query = ""): Promise<ShownDelivery[]> {
    const all: ShownDelivery[] = [];
    for (let cursor: string | null = ""; cursor !== null;) {
      const place: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const page = JSON.parse(await this.text(`/v1/deliveries?limit=100&${query}${place}`)) as {
        data: ShownDelivery[];
        next_cursor: string | null;
      };
      all.push(...page.data);
      cursor = page.next_cursor;
    }
    return all;
  }

  /** Resolves when none of this user's deliveries is pending. */
  async untilAllFinal(deadlineMs?: number): Promise<void> {
    const look = async (): Promise<boolean> => {
      const page = JSON.parse(await this.text("/v1/deliveries?status=PENDING&limit=1")) as { data: ShownDelivery[] };
      return page.data.length === 0;
    };
    await until("every delivery to be final", look, deadlineMs);
  }

  #get(path: string): Promise<Response> {
    return fetch(this.#address + path, { headers: { "x-api-key": this.#apiKey } });
  }

  #send(method: string, path: string, body: string, headers: Record<string, string>): Promise<Response> {
    const own = { "content-type": "application/json", "x-api-key": this.#apiKey };
    return fetch(this.#address + path, { method, headers: { ...own, ...headers }, body });
  }
}
