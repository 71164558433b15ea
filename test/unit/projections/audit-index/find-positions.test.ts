import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { RecordedEvent } from "../../../../src/events/store/event-store.ts";
import type { Position } from "../../../../src/events/store/position.ts";
import { auditIndex } from "../../../../src/projections/audit-index/audit-index.ts";
import type { Direction } from "../../../../src/projections/audit-index/position-cursor.ts";
import { findPositions } from "../../../../src/projections/audit-index/find-positions.ts";
import type { IndexQuery } from "../../../../src/projections/audit-index/find-positions.ts";
import { openSpan, stretchesOf } from "../../../../src/projections/audit-index/stretches.ts";
import {
  actorTerms,
  categoryTerm,
  endpointTerm,
  outcomeTerm,
  referenceTerm,
  typeTerm,
  userTerm,
} from "../../../../src/projections/audit-index/terms.ts";
import type { Term } from "../../../../src/projections/audit-index/terms.ts";
import type { DocumentStore } from "../../../../src/projections/store/document-store.ts";
import { BUSY_START, ENDPOINTS, USERS, busyLog, chancesOf } from "../../../fixtures/event-log/busy-log.ts";
import type { OwnedEvent } from "../../../fixtures/event-log/busy-log.ts";
import { batchesOf, filled } from "../../../specification/projection.ts";

const LENGTH = 6_000;

/** A filter as the index has it, and what it means for an event. */
interface Filter {
  readonly terms: readonly Term[];
  readonly is: (owned: OwnedEvent) => boolean;
}

const one = (least: number, most: number): fc.Arbitrary<number> => fc.integer({ min: least, max: most });
const filters: fc.Arbitrary<Filter> = fc.oneof(
  fc
    .subarray(["UserCreated", "DeliveryRequested", "DeliveryAttempted", "EndpointDisabled", "Unheard", "Never"], {
      minLength: 1,
    })
    .map((types): Filter => ({ terms: types.map(typeTerm), is: ({ event }) => types.includes(event.type) })),
  one(1, USERS + 1).map((user): Filter => ({ terms: [userTerm(user)], is: (owned) => owned.user === user })),
  one(1, ENDPOINTS).map((id): Filter => ({ terms: [endpointTerm(id)], is: ({ endpoint }) => endpoint === id })),
  fc.constantFrom("delivered", "failed", "unknown", "odd").map((outcome): Filter => ({
    terms: [outcomeTerm(outcome)],
    is: ({ event }) => valueOf(event, "outcome") === outcome,
  })),
  fc
    .constantFrom("order 1", "Grüße / 2", "order 2")
    .map((text): Filter => ({ terms: [referenceTerm(text)], is: ({ event }) => valueOf(event, "reference") === text })),
  fc
    .constantFrom("tick", "endpoint", "username", "log")
    .map((name): Filter => ({ terms: [categoryTerm(name)], is: ({ event }) => event.stream.startsWith(`${name}-`) })),
);

function valueOf({ data }: RecordedEvent, name: string): unknown {
  return (data as Record<string, unknown>)[name];
}

describe("the positions that the index finds", () => {
  const log = busyLog(LENGTH, chancesOf(17));
  const events = log.map(({ event }) => event);
  const byPosition = new Map(events.map((event) => [event.position, event]));
  const time = one(-10, LENGTH).map((seconds) => new Date(BUSY_START + seconds * 600).toISOString());
  let documents: DocumentStore;

  beforeAll(async () => {
    documents = await filled(auditIndex, batchesOf(events, 700));
  });

  async function found(query: Partial<IndexQuery> & Pick<IndexQuery, "all">): Promise<Position[]> {
    const asked = { direction: "ascending", after: null, from: null, to: null, ...query } as const;
    const positions: Position[] = [];
    for await (const part of findPositions(documents, asked)) positions.push(...part);
    return positions;
  }

  const inOrder = (positions: Position[], direction: Direction): Position[] =>
    direction === "ascending" ? positions : positions.toReversed();

  it("are those of the events that have all of it, in both directions, after any place", async () => {
    const queries = fc.record({
      filters: fc.array(filters, { minLength: 1, maxLength: 3 }),
      direction: fc.constantFrom("ascending" as const, "descending" as const),
      after: fc.option(fc.integer({ min: 0, max: LENGTH - 1 }).map((index) => events[index]!.position)),
    });
    await fc.assert(
      fc.asyncProperty(queries, async ({ filters: asked, direction, after }) => {
        const expected = log
          .filter((owned) => asked.every(({ is }) => is(owned)))
          .map(({ event }) => event.position)
          .filter((position) => after === null || (direction === "ascending" ? position > after : position < after));
        expect(await found({ all: asked.map(({ terms }) => terms), direction, after })).toEqual(
          inOrder(expected, direction),
        );
      }),
      { numRuns: 100 },
    );
  });

  it("leave out no event that has what the caller looks at itself too", async () => {
    const many = fc.array(filters, { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.array(filters, { maxLength: 1 }), many, async (all, also) => {
        const [needed, seen] = [all, also].map((some) => some.map(({ terms }) => terms)) as [
          Filter["terms"][],
          Filter["terms"][],
        ];
        const positions = await found({ all: needed, also: seen });
        const having = (asked: readonly Filter[]) => log.filter((owned) => asked.every(({ is }) => is(owned)));
        const wanted = new Set(having([...all, ...also]).map(({ event }) => event.position));
        expect(positions.filter((position) => wanted.has(position))).toEqual([...wanted]);
        const allowed = new Set(having(all).map(({ event }) => event.position));
        expect(positions.filter((position) => !allowed.has(position))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it("leave out no event of a range of time, although the clock was set back, and hold few others", async () => {
    await fc.assert(
      fc.asyncProperty(filters, fc.option(time), fc.option(time), async ({ terms, is }, from, to) => {
        const positions = await found({ all: [terms], from, to });
        const wanted = log.filter(
          (owned) =>
            is(owned) &&
            (from === null || owned.event.recordedAt >= from) &&
            (to === null || owned.event.recordedAt < to),
        );
        const exact = positions.filter((position) => {
          const event = byPosition.get(position)!;
          return (from === null || event.recordedAt >= from) && (to === null || event.recordedAt < to);
        });
        expect(exact).toEqual(wanted.map(({ event }) => event.position));
        expect(positions.length - exact.length).toBeLessThanOrEqual(3 * 512);
      }),
      { numRuns: 100 },
    );
  });

  it("have every act of an actor among them, with what else is that user's", async () => {
    for (const actor of ["user:1", "user:2", "delivery-worker", "operator", "anonymous", "nobody"]) {
      const positions = new Set(await found({ all: [actorTerms(actor)] }));
      const acts = events.filter(({ metadata }) => metadata.actor === actor);
      expect(acts.filter(({ position }) => !positions.has(position))).toEqual([]);
      if (!actor.startsWith("user:")) expect(positions.size).toBe(acts.length);
    }
  });

  it("are those of one stretch of the log where no clock was set back", async () => {
    const steady = events.map((event, index) => ({
      ...event,
      recordedAt: new Date(BUSY_START + index * 1_000).toISOString(),
    }));
    const store = await filled(auditIndex, batchesOf(steady, 1_000));
    const span = (await openSpan(store))!;
    const [from, to] = [steady[2_000]!.recordedAt, steady[2_010]!.recordedAt];
    const stretches = await stretchesOf(store, span, { from, to });
    expect(stretches).toEqual([{ after: steady[1_535]!.position, last: steady[2_047]!.position }]);
  });

  it("are none before anything is in the index", async () => {
    documents = await filled(auditIndex, []);
    expect(await found({ all: [[typeTerm("UserCreated")]] })).toEqual([]);
  });
});
