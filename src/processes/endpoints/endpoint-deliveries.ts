import { decideEndDeliveries } from "../../commands/end-deliveries.ts";
import { handleCommand } from "../../commands/handling/command-handler.ts";
import type { Decider } from "../../commands/handling/decider.ts";
import { decideReleaseDelivery } from "../../commands/release-delivery.ts";
import { decideStopDelivery } from "../../commands/stop-delivery.ts";
import { deliveryStream, evolveDelivery } from "../../events/delivery.ts";
import type { Delivery, DeliveryEvent } from "../../events/delivery.ts";
import { endpointStream, evolveEndpoint } from "../../events/endpoint.ts";
import type { EventStore } from "../../events/store/event-store.ts";
import type { Directory } from "../../projections/directory/directory.ts";
import { heldOfEndpoint, nextEndpointWithHeld } from "../../projections/held-deliveries.ts";
import { pendingDeliveriesOfUser } from "../../projections/pending-deliveries.ts";
import type { DocumentStore } from "../../projections/store/document-store.ts";
import { isoNow } from "../../runtime/clock.ts";
import type { Clock } from "../../runtime/clock.ts";
import { timeText } from "../../runtime/time-text.ts";
import { timeOrderedId } from "../../runtime/time-ordered-id.ts";
import type { DueShares } from "../retrying/shard-ticks.ts";

const ACTOR = "endpoint-lifecycle";
/** How many deliveries are decided at a time and share their commits. */
const AT_ONCE = 20;
/**
 * Released deliveries fall due this far apart, in ms, per concurrent attempt of their endpoint: with 5, 50 a second. A
 * receiver that recovers must not be flooded.
 */
const PACE_MS_PER_SLOT = 100;
/**
 * How far ahead released deliveries fall due, in ms: what is due later is released later. All of a large number at once
 * would keep the process from sending the first of them, which would then leave together.
 */
const RELEASED_AHEAD_MS = 5_000;

export interface EndpointDeliveriesDependencies {
  readonly store: EventStore;
  readonly documents: DocumentStore;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly shares: DueShares;
  /** The most concurrent attempts to an endpoint whose owner chose no number. */
  readonly concurrencyPerEndpoint: number;
}

type Counts = ReadonlyMap<number, number>;

/** What a look at the held deliveries came to. */
export interface Released {
  readonly counts: Counts;
  /** The endpoints of which some are left, to fall due after those that were released. */
  readonly unfinished: ReadonlySet<number>;
}

/** Ends and releases the deliveries that wait for an endpoint, and counts them by the endpoint's id. */
export class EndpointDeliveries {
  readonly #deps: EndpointDeliveriesDependencies;
  /** When the next released delivery is due, by endpoint, by the monotonic clock, in ms. */
  readonly #nextDue = new Map<number, number>();

  constructor(deps: EndpointDeliveriesDependencies) {
    this.#deps = deps;
  }

  /**
   * Ends the pending deliveries of endpoints that are gone or deleted. Attempts under way are left, and their
   * deliveries end after them. An endpoint without pending deliveries is recorded as done.
   *
   * @param fresh whether the read models have caught up; otherwise no endpoint is recorded as done
   */
  async endPending(fresh: boolean, signal: AbortSignal): Promise<Counts> {
    const { documents, directory } = this.#deps;
    const ended = new Map<number, number>();
    const found = new Set<number>();
    const byUser = Map.groupBy(directory.endingEndpoints, (id) => directory.knownEndpoint(id)?.user_id ?? null);
    for (const [userId, endpointIds] of byUser) {
      if (userId === null) continue;
      const ending = new Set(endpointIds);
      for await (const page of pendingDeliveriesOfUser(documents, userId)) {
        if (signal.aborted) return ended;
        const own = page.filter(({ endpoint_id }) => ending.has(endpoint_id));
        for (const { endpoint_id } of own) found.add(endpoint_id);
        await this.#each(own, signal, async ({ _id, endpoint_id }) => {
          if (await this.#end(_id, endpoint_id)) ended.set(endpoint_id, (ended.get(endpoint_id) ?? 0) + 1);
        });
      }
    }
    for (const id of fresh ? directory.endingEndpoints : []) if (!found.has(id)) await this.#noteEnded(id);
    return ended;
  }

  /**
   * Releases held deliveries of enabled endpoints that no pause covers, at a measured pace, and ends those of deleted
   * ones. Call it again within a second or two when some are left.
   */
  async releaseHeld(signal: AbortSignal): Promise<Released> {
    const { documents } = this.#deps;
    this.#forgetPast();
    const hasEnded = (): boolean => signal.aborted;
    const counts = new Map<number, number>();
    const unfinished = new Set<number>();
    let endpointId = await nextEndpointWithHeld(documents, null);
    for (; endpointId !== null && !hasEnded(); endpointId = await nextEndpointWithHeld(documents, endpointId)) {
      const id = endpointId;
      if (this.#holds(id)) continue;
      const isEnough = (): boolean => this.#holds(id) || this.#isAhead(id);
      for await (const page of heldOfEndpoint(documents, id)) {
        if (isEnough() || hasEnded()) break;
        const work = async ({ _id }: { readonly _id: string }): Promise<void> => {
          if (await this.#release(_id, id)) counts.set(id, (counts.get(id) ?? 0) + 1);
        };
        await this.#each(page, signal, work, isEnough);
      }
      if (this.#isAhead(id)) unfinished.add(id);
    }
    return { counts, unfinished };
  }

  /** Whether the next delivery of the endpoint that would be released falls due too far ahead. */
  #isAhead(endpointId: number): boolean {
    return (this.#nextDue.get(endpointId) ?? 0) > this.#deps.clock.monotonic() + RELEASED_AHEAD_MS;
  }

  /** Whether the endpoint keeps what is held: it is disabled, paused, or not known here yet. */
  #holds(endpointId: number): boolean {
    const { directory } = this.#deps;
    const endpoint = directory.knownEndpoint(endpointId);
    if (endpoint?.status !== "enabled") return endpoint?.status !== "deleted";
    return directory.pauseOf(endpoint) !== null;
  }

  /** Handles each delivery of this instance's shares, several at a time, until it is enough. */
  async #each<T extends { readonly _id: string }>(
    page: readonly T[],
    signal: AbortSignal,
    work: (document: T) => Promise<void>,
    isEnough: () => boolean = () => false,
  ): Promise<void> {
    const mine = await this.#deps.shares.mine(page);
    for (let done = 0; done < mine.length && !signal.aborted && !isEnough(); done += AT_ONCE) {
      await Promise.all(mine.slice(done, done + AT_ONCE).map(work));
    }
  }

  /** Ends or holds a delivery to which no attempt may be made; true if it changed. */
  #end(deliveryId: string, endpointId: number): Promise<boolean> {
    const endpoint = this.#deps.directory.knownEndpoint(endpointId);
    if (endpoint === null) return Promise.resolve(false);
    // What is pending may not be due for long, so a pause does not hold it here.
    const standing = { status: endpoint.status, goneAt: endpoint.gone_at, paused: false };
    const command = { deliveryId, endpoint: standing, now: isoNow(this.#deps.clock) };
    return this.#handle(decideStopDelivery, command);
  }

  async #release(deliveryId: string, endpointId: number): Promise<boolean> {
    const { clock, directory, concurrencyPerEndpoint } = this.#deps;
    const endpoint = directory.knownEndpoint(endpointId);
    if (endpoint?.status === "deleted") return await this.#end(deliveryId, endpointId);
    const present = clock.monotonic();
    const due = Math.max(present, this.#nextDue.get(endpointId) ?? present);
    const step = PACE_MS_PER_SLOT / (endpoint?.max_concurrency ?? concurrencyPerEndpoint);
    this.#nextDue.set(endpointId, due + step);
    const now = clock.now();
    const dueAt = new Date(Math.ceil(now + due - present)).toISOString();
    const isReleased = await this.#handle(decideReleaseDelivery, { deliveryId, dueAt, now: timeText(now) });
    // The read model may not have seen yet that it was released before. Its turn is another one's.
    if (!isReleased) this.#nextDue.set(endpointId, (this.#nextDue.get(endpointId) ?? present) - step);
    return isReleased;
  }

  /** Handles a command on a delivery; true when something followed from it. */
  async #handle<Command extends { readonly deliveryId: string }>(
    decide: Decider<Command, Delivery | null, DeliveryEvent>,
    command: Command,
  ): Promise<boolean> {
    const asked = { evolve: evolveDelivery, decide, command, commandId: timeOrderedId(), actor: ACTOR };
    const stream = deliveryStream(command.deliveryId);
    return (await handleCommand(this.#deps.store, { stream, ...asked })).events.length > 0;
  }

  async #noteEnded(endpointId: number): Promise<void> {
    const { store, clock } = this.#deps;
    const command = { endpointId, now: isoNow(clock) };
    const asked = { evolve: evolveEndpoint, decide: decideEndDeliveries, commandId: timeOrderedId(), actor: ACTOR };
    await handleCommand(store, { stream: endpointStream(endpointId), command, ...asked });
  }

  #forgetPast(): void {
    const present = this.#deps.clock.monotonic();
    for (const [endpointId, due] of this.#nextDue) if (due <= present) this.#nextDue.delete(endpointId);
  }
}
