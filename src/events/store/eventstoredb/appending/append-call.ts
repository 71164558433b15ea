import { randomUUID } from "node:crypto";
import type { Conversation, OpenCall } from "../server-calls.ts";
import type { AppendAnswer, BatchedAnswer } from "../wire/append-answer.ts";

/** An append carried by a call. */
export interface Carried {
  /** The message. Its answer will repeat `correlationId` (a UUID). */
  message(correlationId: string): Uint8Array;
  /** The answer arrived. */
  answered(answer: AppendAnswer): void;
}

/**
 * One long call that takes appends in the order sent and answers each when it is written. If the call breaks, the
 * outcome of the appends under way is unknown.
 */
export class AppendCall<Item extends Carried> {
  readonly #opened: OpenCall<Conversation<Uint8Array, BatchedAnswer>>;
  readonly #underWay = new Map<string, Item>();
  readonly #lost: (underWay: readonly Item[], error: Error) => void;
  /** All but the last 12 digits of the correlation ids; those 12 count. */
  readonly #prefix = randomUUID().slice(0, 24);
  #sent = 0;
  #answeredAt = performance.now();
  #over = false;

  /** `lost` is called once, if the call ends by itself, with the items under way in sending order. */
  constructor(
    opened: OpenCall<Conversation<Uint8Array, BatchedAnswer>>,
    lost: (underWay: readonly Item[], error: Error) => void,
  ) {
    this.#opened = opened;
    this.#lost = lost;
    opened.call.on("data", (answer) => this.#answer(answer));
    // This listener stays as long as the call: a cancelled call fails once more.
    opened.call.on("error", (error) => this.#end(error));
    opened.call.on("end", () => this.#end(new Error("the event store ended the call")));
  }

  /** Sends an append. The message is built first, so one that cannot be built harms no other append. */
  send(item: Item): void {
    this.#sent += 1;
    const id = this.#prefix + this.#sent.toString(16).padStart(12, "0");
    const message = item.message(id);
    this.#underWay.set(id, item);
    this.#opened.call.write(message);
  }

  /** How long the server has answered nothing, in ms. */
  get silence(): number {
    return performance.now() - this.#answeredAt;
  }

  /** Abandons the call and its connection. `lost` is called. */
  abandon(error: Error): void {
    this.#opened.call.cancel();
    this.#end(error);
  }

  /** Ends the call without calling `lost`, and returns the items under way. */
  close(): Item[] {
    this.#over = true;
    // After a half-close the server would answer only one more append.
    this.#opened.call.cancel();
    return this.#takeUnderWay();
  }

  #answer({ correlationId, answer }: BatchedAnswer): void {
    this.#answeredAt = performance.now();
    const item = this.#underWay.get(correlationId);
    if (item === undefined) return;
    this.#underWay.delete(correlationId);
    item.answered(answer);
  }

  #end(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#opened.broke(error);
    this.#lost(this.#takeUnderWay(), error);
  }

  #takeUnderWay(): Item[] {
    const underWay = [...this.#underWay.values()];
    this.#underWay.clear();
    return underWay;
  }
}
