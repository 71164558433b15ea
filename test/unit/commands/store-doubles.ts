import { randomUUID } from "node:crypto";
import type { CommandContext } from "../../../src/commands/command-context.ts";
import type { CreateUser } from "../../../src/commands/create-user.ts";
import type {
  AppendResult,
  EventStore,
  EventToAppend,
  ExpectedRevision,
  RecordedEvent,
} from "../../../src/events/event-store.ts";
import { MemoryEventStore } from "../../../src/events/memory/memory-event-store.ts";

/** Called instead of each append; `write` makes the real one. */
export type AppendHook = (
  stream: string,
  events: readonly EventToAppend[],
  write: () => Promise<AppendResult>,
) => Promise<AppendResult>;

/** A store in memory that notes every append, and on which a test can make appends fail or wait. */
export class HookedEventStore extends MemoryEventStore {
  onAppend: AppendHook = (_stream, _events, write) => write();
  readonly appends: { readonly stream: string; readonly events: readonly EventToAppend[] }[] = [];

  override append(stream: string, events: readonly EventToAppend[], expected: ExpectedRevision): Promise<AppendResult> {
    this.appends.push({ stream, events });
    return this.onAppend(stream, events, () => super.append(stream, events, expected));
  }
}

export const SECRET = new Uint8Array(32).fill(7);
export const NOON = "2026-03-01T12:00:00.000Z";

/** The time so many milliseconds after NOON, as ISO 8601 UTC. */
export function afterNoon(milliseconds: number): string {
  return new Date(Date.parse(NOON) + milliseconds).toISOString();
}

export function newStore(): HookedEventStore {
  return new HookedEventStore({ now: () => Date.parse(NOON) });
}

/** Somebody's request. */
export function newContext(overrides: Partial<CommandContext> = {}): CommandContext {
  return { commandId: randomUUID(), correlationId: randomUUID(), actor: "anonymous", ...overrides };
}

export function newUser(username: string, email: string | null = null, now = NOON): CreateUser {
  return { username, email, emailKey: email, apiKeyDigest: "0".repeat(64), now };
}

/** Every event of this type in the log. */
export async function eventsOfType(store: EventStore, type: string): Promise<RecordedEvent[]> {
  const found: RecordedEvent[] = [];
  for await (const event of store.readAll()) if (event.type === type) found.push(event);
  return found;
}

/** What came of many tries at once: the values of those that succeeded, and the errors' codes counted. */
export async function outcomesOf<T>(
  tries: readonly Promise<T>[],
): Promise<{ done: T[]; refused: Record<string, number> }> {
  const done: T[] = [];
  const refused: Record<string, number> = {};
  for (const result of await Promise.allSettled(tries)) {
    if (result.status === "fulfilled") done.push(result.value);
    else {
      const { code } = result.reason as { code: string };
      refused[code] = (refused[code] ?? 0) + 1;
    }
  }
  return { done, refused };
}

/** So many times the same. */
export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_none, index) => make(index));
}
