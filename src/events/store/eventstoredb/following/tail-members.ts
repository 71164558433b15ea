import type { LogReplaced } from "../../event-store-errors.ts";
import type { FoundEvent } from "../wire/recorded-event.ts";

/** A follower of the log. */
export interface TailMember {
  /** The categories it follows; undefined: all. */
  readonly categories: readonly string[] | undefined;
  /** The last event it has taken, by which the log is recognised. */
  last: FoundEvent | null;
  /** Why the log cannot be followed further. */
  failure: LogReplaced | null;
}

/** The followers, and the categories that a subscription for them asks for. */
export class TailMembers {
  readonly #members = new Set<TailMember>();
  /** The categories that the subscription asks for; null: all. */
  #asked: ReadonlySet<string> | null = new Set();

  get size(): number {
    return this.#members.size;
  }

  /** The categories that the subscription asks for; undefined: all. */
  get asked(): readonly string[] | undefined {
    return this.#asked === null ? undefined : [...this.#asked];
  }

  /** The latest event that any member has taken. */
  get last(): FoundEvent | null {
    let latest: FoundEvent | null = null;
    for (const { last } of this.#members) {
      if (last !== null && last.position > (latest?.position ?? "")) latest = last;
    }
    return latest;
  }

  /** Adds a member. `covers` says whether the current subscription asks for its categories. */
  join(categories: readonly string[] | undefined): TailMember {
    const member: TailMember = { categories, last: null, failure: null };
    this.#members.add(member);
    return member;
  }

  leave(member: TailMember): void {
    this.#members.delete(member);
  }

  /** From now on the subscription asks for everything that the members want. */
  ask(): void {
    this.#asked = askedBy(this.#members);
  }

  /** Whether the subscription asks for everything that the member wants. */
  covers({ categories }: TailMember): boolean {
    if (this.#asked === null) return true;
    const asked = this.#asked;
    return categories?.every((category) => asked.has(category)) ?? false;
  }

  /** No subscription asks for anything. */
  forget(): void {
    this.#asked = new Set();
  }

  /** Fails all members. */
  fail(error: LogReplaced): void {
    for (const member of this.#members) member.failure = error;
    this.#members.clear();
  }
}

function askedBy(members: ReadonlySet<TailMember>): ReadonlySet<string> | null {
  const asked = new Set<string>();
  for (const { categories } of members) {
    if (categories === undefined) return null;
    for (const category of categories) asked.add(category);
  }
  return asked;
}
