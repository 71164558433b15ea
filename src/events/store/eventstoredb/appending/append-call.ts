import { randomUUID } from "node:crypto";
import type { Conversation, Made } from "../server-calls.ts";
import type { AppendAnswer, BatchedAnswer } from "../wire/append-answer.ts";

/** An append that a call carries. */
export interface Carried {
  /** The message, for an answer that repeats `correlationId` (a UUID). */
  message(correlationId: string): Uint8Array;
  /** Its answer came. */
  answered(answer: AppendAnswer): void;
}

/**
 * One long call that takes appends one after the other, in the order in which they are sent, and answers each when it is
 * written. When it breaks, the outcome of those under way is unknown.
 */
export class AppendCall<Item extends Carried> {
  readonly #made: Made<Conversation<Uint8Array, BatchedAnswer>>;
  readonly #underWay = new Map<string, Item>();
  readonly #lost: (underWay: readonly Item[], error: Error) => void;
  /** All but the last 12 digits of the correlation ids, which count. */
  readonly #prefix = randomUUID().slice(0, 24);
  #sent = 0;
  #answeredAt = performance.now();
  #over = false;

  /** `lost` is called once, when the call has ended by itself, with what was under way, in the order of sending. */
  constructor(
    made: Made<Conversation<Uint8Array, BatchedAnswer>>,
    lost: (underWay: readonly Item[], error: Error) => void,
  ) {
    this.#made = made;
    this.#lost = lost;
    made.call.on("data", (answer) => this.#answer(answer));
    // Stays for as long as the call: one that was cancelled fails once more.
    made.call.on("error", (error) => this.#end(error));
    made.call.on("end", () => this.#end(new Error("the event store ended the call")));
  }

  /** Sends an append. Its message is made first: what cannot be written as one harms no other. */
  send(item: Item): void {
    this.#sent += 1;
    const id = this.#prefix + this.#sent.toString(16).padStart(12, "0");
    const message = item.message(id);
    this.#underWay.set(id, item);
    this.#made.call.write(message);
  }

  /** How long the server has answered nothing, in ms. */
  get silence(): number {
    return performance.now() - this.#answeredAt;
  }

  /** Gives the call up, and its connection with it. `lost` is called. */
  giveUp(error: Error): void {
    this.#made.call.cancel();
    this.#end(error);
  }

  /** Ends the call, since nothing more is to be sent. `lost` is not called; gives what was under way. */
  close(): Item[] {
    this.#over = true;
    // Half closed, the server would give one answer more and no other.
    this.#made.call.cancel();
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
    this.#made.broke(error);
    this.#lost(this.#takeUnderWay(), error);
  }

  #takeUnderWay(): Item[] {
    const underWay = [...this.#underWay.values()];
    this.#underWay.clear();
    return underWay;
  }
}
