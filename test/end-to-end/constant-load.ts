import { setTimeout as pause } from "node:timers/promises";
import { Load } from "../fixtures/gateway/load.ts";
import type { SendDispatch } from "../fixtures/gateway/load.ts";
import type { ApiClient } from "../fixtures/gateway/api-client.ts";

const CLIENTS = 8;
/** What lies between two reads, and between an answer to a client and its next dispatch, in ms. Others work here, too. */
const READ_AGAIN_MS = 50;
const DISPATCH_AGAIN_MS = 50;
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
  readonly #underway = new Set<Promise<unknown>>();
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

  /** How many requests are not answered yet. */
  get underway(): number {
    return this.#underway.size;
  }

  /** Resolves when every request that is under way now was answered. */
  async answered(): Promise<void> {
    await Promise.allSettled([...this.#underway]);
  }

  /** Resolves when the last answers are there. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
  }

  async #dispatch(): Promise<void> {
    const send: SendDispatch = async (endpointId, payload) => {
      const answer = await this.#counted(this.#user.dispatch(endpointId, payload));
      await pause(DISPATCH_AGAIN_MS);
      return answer;
    };
    while (!this.#stopped) await this.dispatches.run(send, { clients: CLIENTS, limit: 200 });
  }

  async #read(): Promise<void> {
    while (!this.#stopped) {
      const reply = await this.#counted(this.#user.list());
      await reply.arrayBuffer();
      if (reply.status === 200) this.reads += 1;
      else this.refusedReads.push({ status: reply.status, retryAfter: reply.headers.get("retry-after") });
      await pause(READ_AGAIN_MS);
    }
  }

  async #counted<T>(answer: Promise<T>): Promise<T> {
    this.#underway.add(answer);
    try {
      return await answer;
    } finally {
      this.#underway.delete(answer);
    }
  }
}
