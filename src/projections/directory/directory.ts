import { readEvent } from "../../events/catalogue.ts";
import type { KnownEvent } from "../../events/catalogue.ts";
import { emailKey, hasUnicodeDomain } from "../../events/email-key.ts";
import type { EventStore } from "../../events/store/event-store.ts";
import { StoreUnavailable } from "../../events/store/event-store-errors.ts";
import type { Position } from "../../events/store/position.ts";
import type { Clock } from "../../runtime/clock.ts";
import { endpoints } from "../endpoints.ts";
import type { EndpointDocument } from "../endpoints.ts";
import { pauses } from "../pauses.ts";
import { PollThrottle } from "../running/poll-throttle.ts";
import { ProjectionProgress } from "../running/projection-progress.ts";
import { BEGINNING, earlierPlace, furthestPlace } from "../running/reading-place.ts";
import type { ReadingPlace } from "../running/reading-place.ts";
import type { ProjectionStatus } from "../running/projection-report.ts";
import type { DocumentStore } from "../store/document-store.ts";
import { users } from "../users.ts";
import type { UserDocument } from "../users.ts";
import { ModelInMemory } from "./model-in-memory.ts";
import { PausesInForce } from "./pauses-in-force.ts";
import type { PausableEndpoint, PauseInForce } from "./pauses-in-force.ts";
import { token } from "../../runtime/token.ts";

/** The token under which the container registers the directory. */
export const DIRECTORY = token<Directory>("Directory");

/** How long a lookup without a result waits for the log's head at that time, in ms: as long as the log may stall. */
const MISS_WAIT_MS = 4_000;

/** The events that let deliveries go on, or stop before they are due. */
const STATE_CHANGES: ReadonlySet<string> = new Set([
  "EndpointEnabled",
  "EndpointDisabled",
  "EndpointDeleted",
  "DeliveriesResumed",
]);

/**
 * Users by key, endpoints by id and the pauses in force, in memory, so that dispatches and attempts read no streams. It uses
 * the folds of the read models `users`, `endpoints` and `pauses`: it loads them at the start, then follows the log.
 */
export class Directory {
  readonly #users = new ModelInMemory<UserDocument>(users, (user) => this.#noteUser(user));
  readonly #endpoints = new ModelInMemory<EndpointDocument>(endpoints, (endpoint) => this.#noteEndpoint(endpoint));
  /** The pauses in force, as far as is known here. */
  readonly pauses = new PausesInForce();
  readonly #pauses = new ModelInMemory(pauses, (pause) => this.pauses.note(pause));
  readonly #models = [this.#users, this.#endpoints, this.#pauses];
  readonly #ending = new Set<number>();
  /** The endpoints of each user that are not deleted. */
  readonly #endpointsOfUser = new Map<number, Set<number>>();
  #onEndpointStateChange: () => void = () => undefined;
  readonly #userByKey = new Map<string, UserDocument>();
  readonly #unicodeEmails = new Set<string>();
  readonly #progress: ProjectionProgress;
  readonly #log: Pick<EventStore, "subscribe" | "head" | "idAt">;
  readonly #documents: DocumentStore;
  readonly #clock: Clock;

  constructor(log: Pick<EventStore, "subscribe" | "head" | "idAt">, documents: DocumentStore, clock: Clock) {
    this.#log = log;
    this.#documents = documents;
    this.#clock = clock;
    this.#progress = new ProjectionProgress(clock);
  }

  /**
   * Loads the read models and follows the log until the signal aborts. Throws what either of them throws.
   *
   * @param live called each time the log's end is reached
   */
  async run(signal: AbortSignal, live: () => void = () => undefined): Promise<void> {
    const loaded = await this.#load();
    const after = loaded.searchedTo;
    const throttle = new PollThrottle(this.#clock);
    const categories = ["user", "endpoint", "pause"];
    for await (const message of this.#log.subscribe({ after, categories, signal })) {
      if (message.kind === "event") {
        this.#apply(readEvent(message.event));
        continue;
      }
      this.#seen(furthestPlace(loaded, message).position);
      live();
      await throttle.next(signal);
    }
  }

  /** The user whose key has this digest, or null if not known here yet. Does not wait. */
  knownUser(digest: string): UserDocument | null {
    return this.#userByKey.get(digest) ?? null;
  }

  /**
   * The user whose key has this SHA-256 digest (lower-case hex), or null if the log had none at the time of the call.
   *
   * @throws StoreUnavailable when the directory could not catch up in time
   */
  userByKeyDigest(digest: string): Promise<UserDocument | null> {
    return this.#find(() => this.#userByKey.get(digest));
  }

  /**
   * Whether a user has an address with this key (`emailKey`) whose domain is not written in ASCII. Waits and throws as
   * `userByKeyDigest`.
   */
  async hasUnicodeEmail(key: string): Promise<boolean> {
    return (await this.#find(() => this.#unicodeEmails.has(key) || undefined)) !== null;
  }

  /** The endpoint with this id, or null; waits and throws as `userByKeyDigest`. */
  endpoint(endpointId: number): Promise<EndpointDocument | null> {
    return this.#find(() => this.#endpoints.get(String(endpointId)));
  }

  /** The endpoint with this id, or null if not known here yet. Does not wait. */
  knownEndpoint(endpointId: number): EndpointDocument | null {
    return this.#endpoints.get(String(endpointId)) ?? null;
  }

  /** The user with this id, or null; waits and throws as `userByKeyDigest`. */
  user(userId: number): Promise<UserDocument | null> {
    return this.#find(() => this.#users.get(String(userId)));
  }

  /** The pause that keeps attempts from the endpoint, or null. Does not wait. */
  pauseOf(endpoint: PausableEndpoint): PauseInForce | null {
    return this.pauses.of(endpoint);
  }

  /** How many endpoints that are not deleted the user has, as far as is known here. Does not wait. */
  endpointCount(userId: number): number {
    return this.#endpointsOfUser.get(userId)?.size ?? 0;
  }

  /** The ids of endpoints that are gone or deleted and may have deliveries that have not ended, ascending. */
  get endingEndpoints(): readonly number[] {
    return [...this.#ending].sort((a, b) => a - b);
  }

  /** Sets the only `listener`, called when an endpoint is enabled, disabled or deleted, or a pause ends, here or by another gateway. */
  onEndpointStateChange(listener: () => void): void {
    this.#onEndpointStateChange = listener;
  }

  /** Its position; null before it first reaches the log's end. */
  get status(): ProjectionStatus | null {
    return this.#progress.statuses()[0] ?? null;
  }

  /** Resolves to true when the directory has seen everything up to `position`, or to false after `timeoutMs`. */
  whenSeen(position: Position | null, timeoutMs: number): Promise<boolean> {
    return this.#progress.whenSeen(["directory"], position, timeoutMs);
  }

  async #find<T>(lookUp: () => T | undefined): Promise<T | null> {
    const found = lookUp();
    if (found !== undefined) return found;
    const seen = await this.whenSeen(await this.#log.head(), MISS_WAIT_MS);
    const late = lookUp();
    if (late !== undefined) return late;
    // Without having seen the log's head, it cannot say that there is none.
    if (!seen) throw new StoreUnavailable("the directory has not seen the end of the log");
    return null;
  }

  /** Returns the place in the log to follow from: all models contain everything up to there. */
  async #load(): Promise<ReadingPlace> {
    const places: ReadingPlace[] = [];
    for (const model of this.#models) places.push((await model.load(this.#documents, this.#log)) ?? BEGINNING);
    return places.reduce(earlierPlace);
  }

  #apply(event: KnownEvent): void {
    for (const model of this.#models) model.apply(event);
    if (STATE_CHANGES.has(event.type)) this.#onEndpointStateChange();
  }

  #noteUser(user: UserDocument): void {
    this.#userByKey.set(user.api_key_digest, user);
    if (user.email !== null && hasUnicodeDomain(user.email)) this.#unicodeEmails.add(emailKey(user.email));
  }

  #noteEndpoint({ endpoint_id, user_id, status, ending_since }: EndpointDocument): void {
    if (ending_since === null) this.#ending.delete(endpoint_id);
    else this.#ending.add(endpoint_id);
    const ofUser = this.#endpointsOfUser.get(user_id) ?? new Set();
    this.#endpointsOfUser.set(user_id, ofUser);
    if (status === "deleted") ofUser.delete(endpoint_id);
    else ofUser.add(endpoint_id);
  }

  #seen(position: Position | null): void {
    this.#progress.report({ name: "directory", version: 1, position, state: "live", fault: null });
  }
}
