import { expectedRevisionOf } from "../../append/prepared-append.ts";
import type { PreparedAppend } from "../../append/prepared-append.ts";
import type { AppendResult } from "../../event-store.ts";
import {
  AppendOutcomeUnknown,
  RevisionConflict,
  StoreFull,
  StoreOverloaded,
  StoreUnavailable,
} from "../../event-store-errors.ts";
import { positionOf, revisionOf } from "../../position.ts";
import { Waiters } from "../../../../runtime/waiters.ts";
import { groupOf, WRITTEN } from "./append-group.ts";
import type { AppendGroup, GroupOutcome } from "./append-group.ts";

/** The most unanswered appends and bytes. More are refused at once, so that memory stays bounded. */
export const QUEUE_LIMITS = { appends: 10_000, bytes: 64 * 1024 * 1024 };

/** The most that one commit takes. Larger groups gain little and delay those after them. */
export const GROUP_LIMITS = { appends: 256, bytes: 4 * 1024 * 1024 };

interface QueuedAppend {
  readonly append: PreparedAppend;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Collects appends into groups: while one group is being committed, the next one fills. Appends are committed in the
 * order in which they came.
 */
export class AppendQueue {
  readonly #send: (group: AppendGroup) => void;
  readonly #waiting: QueuedAppend[] = [];
  #underWay: QueuedAppend[] = [];
  #appends = 0;
  #bytes = 0;
  #flushPlanned = false;
  #refusal: string | null = null;
  readonly #draining = new Waiters();

  /** `send` takes the next group. Its outcome comes back through `settle`; until then no other group is sent. */
  constructor(send: (group: AppendGroup) => void) {
    this.#send = send;
  }

  /** Resolves or rejects as `EventStore.append` does. */
  add(append: PreparedAppend): Promise<AppendResult> {
    if (this.#refusal !== null) return Promise.reject(new StoreUnavailable(this.#refusal));
    if (this.#appends >= QUEUE_LIMITS.appends || this.#bytes + append.bytes > QUEUE_LIMITS.bytes) {
      return Promise.reject(new StoreOverloaded("the append queue is full"));
    }
    this.#appends += 1;
    this.#bytes += append.bytes;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ append, resolve, reject });
      this.#planFlush();
    });
  }

  /** Answers the group under way and sends the next. */
  settle(outcome: GroupOutcome): void {
    const group = this.#underWay;
    this.#underWay = [];
    this.#forget(group);
    group.forEach((queued, index) => answer(queued, outcome, index));
    this.#flush();
  }

  /**
   * Refuses everything from now on with this reason. Waiting appends were never sent and get that answer. The group
   * under way still gets its outcome, or `abandon` if there will be none. Returns false if it already refused.
   */
  refuse(reason: string): boolean {
    if (this.#refusal !== null) return false;
    this.#refusal = reason;
    const refused = this.#waiting.splice(0);
    this.#forget(refused);
    for (const { reject } of refused) reject(new StoreUnavailable(reason));
    this.#tellWhenDrained();
    return true;
  }

  /** False once it refuses everything. */
  get open(): boolean {
    return this.#refusal === null;
  }

  /** Answers the group under way as unknown, because its writer is gone. */
  abandon(reason: string): void {
    if (this.#underWay.length > 0) this.settle({ kind: "unknown", reason });
  }

  /** Resolves when every append is answered. */
  drained(): Promise<void> {
    return this.#appends === 0 ? Promise.resolve() : this.#draining.wait();
  }

  /** Waits until the pending microtasks have run, so that appends made together are committed together. */
  #planFlush(): void {
    if (this.#flushPlanned || this.#underWay.length > 0) return;
    this.#flushPlanned = true;
    queueMicrotask(() => {
      this.#flushPlanned = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#underWay.length > 0) return;
    this.#underWay = this.#waiting.splice(0, this.#nextGroupSize());
    if (this.#underWay.length > 0) this.#send(groupOf(this.#underWay.map(({ append }) => append)));
    else this.#tellWhenDrained();
  }

  #nextGroupSize(): number {
    let bytes = 0;
    let count = 0;
    for (const { append } of this.#waiting) {
      bytes += append.bytes;
      if (count === GROUP_LIMITS.appends || (count > 0 && bytes > GROUP_LIMITS.bytes)) break;
      count += 1;
    }
    return count;
  }

  #forget(answered: readonly QueuedAppend[]): void {
    this.#appends -= answered.length;
    for (const { append } of answered) this.#bytes -= append.bytes;
  }

  #tellWhenDrained(): void {
    if (this.#appends === 0) this.#draining.wakeAll();
  }
}

function answer(queued: QueuedAppend, outcome: GroupOutcome, index: number): void {
  switch (outcome.kind) {
    case "unknown": {
      queued.reject(new AppendOutcomeUnknown(`the append may or may not be written: ${outcome.reason}`));
      return;
    }
    case "not_written": {
      const Unavailable = outcome.full === true ? StoreFull : StoreUnavailable;
      queued.reject(new Unavailable(`the append was not written: ${outcome.reason}`));
      return;
    }
    case "committed": {
      const [code, revision = -1, position = 0] = outcome.results.slice(3 * index, 3 * index + 3);
      if (code === WRITTEN) {
        queued.resolve({ revision: revisionOf(revision), position: positionOf(position) });
        return;
      }
      const { stream, expectation } = queued.append;
      const actual = revision < 0 ? null : revisionOf(revision);
      queued.reject(new RevisionConflict(stream, expectedRevisionOf(expectation), actual));
      return;
    }
  }
}
