import { setTimeout as pause } from "node:timers/promises";
import { Load } from "../fixtures/gateway/load.ts";
import type { ApiClient } from "./api-client.ts";

const CLIENTS = 8;
/** What lies between two reads, in ms. */
const READ_AGAIN_MS = 50;
const PAYLOAD_FILLER = 500;

/** An answer that was not the wanted one. */
export interface Refusal {
  readonly status: number;
  readonly retryAfter: string | null;
}

/** Eight clients that dispatch without an end and one that reads, until it is stopped; and what they were answered. */
export class ConstantLoad {
  readonly dispatches: Load;
  /** The reads that were not answered with 200. */
  readonly refusedReads: Refusal[] = [];
  /** How many reads were. */
  reads = 0;
  /** How long the slowest answer took, in ms. */
  slowestMs = 0;
  readonly #user: ApiClient;
  readonly #ended: Promise<unknown>;
  #stopped = false;

  /** Begins at once. */
  constructor(user: ApiClient, endpointId: number) {
    this.#user = user;
    this.dispatches = new Load([endpointId], () => PAYLOAD_FILLER);
    this.#ended = Promise.all([this.#dispatch(), this.#read()]);
  }

  /** Every answer that was neither 202 to a dispatch nor 200 to a read. */
  get refused(): Refusal[] {
    return [...this.dispatches.refused.map(({ status, retryAfter }) => ({ status, retryAfter })), ...this.refusedReads];
  }

  /** Resolves when the last answers are there. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
  }

  async #dispatch(): Promise<void> {
    const send = (endpointId: number, payload: string): ReturnType<ApiClient["dispatch"]> =>
      this.#timed(() => this.#user.dispatch(endpointId, payload));
    while (!this.#stopped) await this.dispatches.run(send, { clients: CLIENTS, limit: 200 });
  }

  async #read(): Promise<void> {
    while (!this.#stopped) {
      const reply = await this.#timed(() => this.#user.list());
      await reply.arrayBuffer();
      if (reply.status === 200) this.reads += 1;
      else this.refusedReads.push({ status: reply.status, retryAfter: reply.headers.get("retry-after") });
      await pause(READ_AGAIN_MS);
    }
  }

  async #timed<T>(ask: () => Promise<T>): Promise<T> {
    const askedAt = performance.now();
    const answer = await ask();
    this.slowestMs = Math.max(this.slowestMs, Math.round(performance.now() - askedAt));
    return answer;
  }
}
