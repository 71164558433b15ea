import { readEvent } from "../../events/catalogue.ts";
import type { KnownEvent } from "../../events/catalogue.ts";
import type { EventStore } from "../../events/store/event-store.ts";
import { StoreUnavailable } from "../../events/store/event-store-errors.ts";
import type { Position } from "../../events/store/position.ts";
import type { Clock } from "../../runtime/clock.ts";
import { endpoints } from "../endpoints.ts";
import type { EndpointDocument } from "../endpoints.ts";
import { PollThrottle } from "../running/poll-throttle.ts";
import { ProjectionProgress } from "../running/projection-progress.ts";
import { BEGINNING, earlierPlace, furthestPlace } from "../running/reading-place.ts";
import type { ReadingPlace } from "../running/reading-place.ts";
import type { ProjectionStatus } from "../running/projection-report.ts";
import type { DocumentStore } from "../store/document-store.ts";
import { users } from "../users.ts";
import type { UserDocument } from "../users.ts";
import { ModelInMemory } from "./model-in-memory.ts";
import { token } from "../../runtime/token.ts";

/** The token under which the container registers the directory. */
export const DIRECTORY = token<Directory>("Directory");

/** How long a look-up that found nothing waits for what was in the log when it came, in ms: as long as a log may stall. */
const MISS_WAIT_MS = 4_000;

/** The events after which deliveries go on, or stop, that are not due. */
const TURNS: ReadonlySet<string> = new Set(["EndpointEnabled", "EndpointDisabled", "EndpointDeleted"]);

/**
 * Users by key and endpoints by id, in memory: what the dispatch path asks instead of reading a stream. The same folds
 * as the read models `users` and `endpoints`, loaded from them at the start and then followed in the log.
 */
export class Directory {
  readonly #users = new ModelInMemory<UserDocument>(users, (user) => this.#userByKey.set(user.api_key_digest, user));
  readonly #endpoints = new ModelInMemory<EndpointDocument>(endpoints, (endpoint) => this.#noteEnding(endpoint));
  readonly #ending = new Set<number>();
  #onEndpointTurn: () => void = () => undefined;
  readonly #userByKey = new Map<string, UserDocument>();
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
   * Loads what the read models have and follows the log until the signal aborts; throws what either of them throws.
   *
   * @param live is called each time the log's end was reached
   */
  async run(signal: AbortSignal, live: () => void = () => undefined): Promise<void> {
    const loaded = await this.#load();
    const after = loaded.searchedTo;
    const pace = new PollThrottle(this.#clock);
    for await (const message of this.#log.subscribe({ after, categories: ["user", "endpoint"], signal })) {
      if (message.kind === "event") {
        this.#apply(readEvent(message.event));
        continue;
      }
      this.#seen(furthestPlace(loaded, message).position);
      live();
      await pace.next(signal);
    }
  }

  /** The user whose key has this digest, or null when that is not known here yet: at once. */
  knownUser(digest: string): UserDocument | null {
    return this.#userByKey.get(digest) ?? null;
  }

  /**
   * The user whose key has this SHA-256 digest (lower-case hex), or null when there was none in the log at the call.
   *
   * @throws StoreUnavailable when that could not be found out
   */
  userByKeyDigest(digest: string): Promise<UserDocument | null> {
    return this.#find(() => this.#userByKey.get(digest));
  }

  /** The endpoint with this id, or null; as `userByKeyDigest`. */
  endpoint(endpointId: number): Promise<EndpointDocument | null> {
    return this.#find(() => this.#endpoints.get(String(endpointId)));
  }

  /** The endpoint with this id, or null when that is not known here yet: at once. */
  knownEndpoint(endpointId: number): EndpointDocument | null {
    return this.#endpoints.get(String(endpointId)) ?? null;
  }

  /** The ids of the endpoints that are gone or deleted and may have deliveries that have not ended, ascending. */
  get endingEndpoints(): readonly number[] {
    return [...this.#ending].sort((a, b) => a - b);
  }

  /** `listener`, the only one, is called when an endpoint was enabled, disabled or deleted, here or by another gateway. */
  onEndpointTurn(listener: () => void): void {
    this.#onEndpointTurn = listener;
  }

  /** Where it stands; null before it has reached the log's end for the first time. */
  get status(): ProjectionStatus | null {
    return this.#progress.statuses()[0] ?? null;
  }

  /** Resolves when everything up to `position` is known here, or after `timeoutMs`; true when it is. */
  whenSeen(position: Position | null, timeoutMs: number): Promise<boolean> {
    return this.#progress.whenSeen(["directory"], position, timeoutMs);
  }

  async #find<T>(look: () => T | undefined): Promise<T | null> {
    const found = look();
    if (found !== undefined) return found;
    const seen = await this.whenSeen(await this.#log.head(), MISS_WAIT_MS);
    const late = look();
    if (late !== undefined) return late;
    // Who has not looked must not say that there is none.
    if (!seen) throw new StoreUnavailable("the directory has not seen the end of the log");
    return null;
  }

  /** Gives the place from which the log is to be followed: up to there both models have certainly seen it. */
  async #load(): Promise<ReadingPlace> {
    const ofUsers = await this.#users.load(this.#documents, this.#log);
    const ofEndpoints = await this.#endpoints.load(this.#documents, this.#log);
    return earlierPlace(ofUsers ?? BEGINNING, ofEndpoints ?? BEGINNING);
  }

  #apply(event: KnownEvent): void {
    this.#users.apply(event);
    this.#endpoints.apply(event);
    if (TURNS.has(event.type)) this.#onEndpointTurn();
  }

  #noteEnding({ endpoint_id, ending_since }: EndpointDocument): void {
    if (ending_since === null) this.#ending.delete(endpoint_id);
    else this.#ending.add(endpoint_id);
  }

  #seen(position: Position | null): void {
    this.#progress.report({ name: "directory", version: 1, position, state: "live", fault: null });
  }
}
