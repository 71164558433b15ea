import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { RecordedEvent } from "../../../../src/events/store/event-store.ts";
import { StoreUnavailable, UnreadableEvent } from "../../../../src/events/store/event-store-errors.ts";
import { AuditRefused } from "../../../../src/processes/audit/audit-refused.ts";
import { eventsOfExport } from "../../../../src/processes/audit/audited-events.ts";
import type { TreeHead } from "../../../../src/processes/audit/tree-head.ts";
import { leavesOfExport, leavesOfTree } from "../../../../src/processes/audit/trusted-leaves.ts";
import type { TrustedLeaves } from "../../../../src/processes/audit/trusted-leaves.ts";
import { verifyEvents } from "../../../../src/processes/audit/verify-events.ts";
import { leafOf } from "../../../../src/projections/audit-tree/audit-tree.ts";
import { MemoryDocumentStore } from "../../../../src/projections/store/memory/memory-document-store.ts";
import { collect } from "../../../fixtures/event-log/event-samples.ts";
import { inPieces, sampleLog } from "../../../fixtures/event-log/transferred-logs.ts";
import { treeHash } from "../../../fixtures/merkle-verifier.ts";
import {
  LISTS,
  auditedEvents,
  changed,
  cutTo,
  exportWith,
  inserted,
  removed,
  replaced,
  swapped,
} from "./tampered-logs.ts";
import type { Tampering } from "./tampered-logs.ts";

const SIZE = 600;
let log: RecordedEvent[];
beforeAll(async () => {
  log = await collect((await sampleLog(SIZE)).readAll());
});

function headOf(events: readonly RecordedEvent[]): TreeHead {
  return { size: events.length, root: treeHash(events.map(leafOf)) };
}

const nothing = { signedHead: null, trusted: null };

describe("an untouched log", () => {
  it("has the size and root of the plain definition, with nothing to compare with", async () => {
    const report = await verifyEvents(auditedEvents(log), nothing);
    expect(report).toEqual({ events: SIZE, root: headOf(log).root, compared: null, finding: null });
    expect((await verifyEvents(auditedEvents([]), nothing)).root).toEqual(treeHash([]));
  });

  it.each([0, 1, 255, 256, 511, SIZE])("begins with what a checkpoint of %i events signs", async (size) => {
    const report = await verifyEvents(auditedEvents(log), { signedHead: headOf(log.slice(0, size)), trusted: null });
    expect(report.finding).toBeNull();
  });

  it.each(Object.entries(LISTS))("is as %s, which may be older", async (_what, list) => {
    for (const size of [1, 256, 511, SIZE]) {
      const older = log.slice(0, size);
      for (const signedHead of [null, headOf(log.slice(0, Math.min(size, 300)))]) {
        const report = await verifyEvents(auditedEvents(log), { signedHead, trusted: await list(older) });
        expect(report).toMatchObject({ events: SIZE, compared: size, finding: null });
      }
    }
  });

  it("is the same log as an export of it", async () => {
    const events = eventsOfExport(inPieces(exportWith(log)), null);
    const trusted = await LISTS["the stored tree"]!(log);
    expect(await verifyEvents(events, { signedHead: headOf(log), trusted })).toMatchObject({
      compared: SIZE,
      finding: null,
    });
  });

  it("tells how far it is", async () => {
    const told: (number | null)[][] = [];
    await verifyEvents(auditedEvents(log.slice(0, 2)), { ...nothing, onProgress: (...all) => told.push(all) });
    expect(told).toEqual([
      [1, 0.5],
      [2, 1],
    ]);
  });
});

/** Each way of tampering, what is found, and which leaf of the old log it is about. */
const WAYS: readonly (readonly [what: string, tampering: Tampering, kind: string, leaf: number])[] = [
  ["a changed event", changed(300), "changed", 300],
  ["a changed first event", changed(0), "changed", 0],
  ["a changed last event", changed(SIZE - 1), "changed", SIZE - 1],
  ["a removed event", removed(300), "removed", 300],
  ["a removed first event", removed(0), "removed", 0],
  ["two neighbours swapped", swapped(300, 301), "moved", 300],
  ["two distant events swapped", swapped(5, 590), "moved", 5],
  ["an event put in between", inserted(300), "inserted", 300],
  ["an event in the place of another", replaced(300), "replaced", 300],
  ["a truncated tail", cutTo(590), "truncated", 590],
  ["nothing left", cutTo(0), "truncated", 0],
  ["the last event gone", removed(SIZE - 1), "truncated", SIZE - 1],
  ["two changes, of which the first counts", (events) => removed(400)(changed(300)(events)), "changed", 300],
];

describe.each(WAYS)("%s", (_what, tampering, kind, leaf) => {
  it.each(Object.entries(LISTS))("is found and named with %s", async (_list, list) => {
    for (const signedHead of [null, headOf(log)]) {
      const report = await verifyEvents(auditedEvents(tampering(log)), { signedHead, trusted: await list(log) });
      expect(report.finding).toMatchObject({ kind, leaf });
      const { id, stream, revision } = log[leaf]!;
      // What was put in is the one that nobody knows.
      if (kind === "inserted") expect(report.finding?.event).toMatchObject({ stream: "user-99", revision: 0 });
      else expect(report.finding?.event).toMatchObject({ id, stream, revision: Number(revision) });
    }
  });

  it("is found with a checkpoint alone, which cannot name it", async () => {
    const { finding } = await verifyEvents(auditedEvents(tampering(log)), { signedHead: headOf(log), trusted: null });
    const shorter = tampering(log).length < SIZE;
    expect(finding).toMatchObject({ kind: shorter ? "truncated" : "rewritten", event: null });
  });

  it("is found in an export whose digest was mended", async () => {
    const events = eventsOfExport(inPieces(exportWith(tampering(log))), null);
    const { finding } = await verifyEvents(events, { signedHead: null, trusted: await LISTS["an older export"]!(log) });
    expect(finding).toMatchObject({ kind, leaf });
  });
});

describe("what is found", () => {
  const textOf = async (tampering: Tampering, list: TrustedLeaves): Promise<string | undefined> =>
    (await verifyEvents(auditedEvents(tampering(log)), { signedHead: null, trusted: list })).finding?.text;

  it("is told in a sentence with the event, its stream and its place", async () => {
    const [third, fourth] = [log[3]!, log[4]!];
    const tree = await LISTS["the stored tree"]!(log);
    const name = (event: RecordedEvent): string =>
      `${event.id} at revision ${Number(event.revision)} of ${event.stream}`;
    expect(await textOf(changed(3), tree)).toBe(
      `leaf 3 was changed: SampleHappened ${name(third)}, position 00000000000000000004`,
    );
    expect(await textOf(removed(3), tree)).toBe(
      `leaf 3 was removed: event ${name(third)}; in its place is SampleHappened ${name(fourth)}, position 00000000000000000004`,
    );
    expect(await textOf(swapped(3, 9), await LISTS["an older export"]!(log))).toBe(
      `leaf 3 was moved: SampleHappened ${name(third)}, position 00000000000000000004, line 5 is now leaf 9; ` +
        `in its place is SampleHappened ${name(log[9]!)}, position 00000000000000000004`,
    );
    expect(await textOf(cutTo(3), tree)).toBe(`the end was cut off from leaf 3 on: event ${name(third)}`);
  });

  it("is the first of any changes, for any log", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(SIZE - 1), { minLength: 1, maxLength: 5 }), async (places) => {
        const tampered = places.reduce<RecordedEvent[]>((events, at) => changed(at)(events), log);
        const trusted = await LISTS["the stored tree"]!(log);
        const { finding } = await verifyEvents(auditedEvents(tampered), { signedHead: null, trusted });
        expect(finding).toMatchObject({ kind: "changed", leaf: Math.min(...places) });
      }),
      { numRuns: 10 },
    );
  });
});

describe("an event that cannot be read", () => {
  const broken = (): (RecordedEvent | Error)[] => {
    const { stream, revision, position } = log[300]!;
    return log.with(300, new UnreadableEvent({ stream, revision, position }, "its data is not JSON") as never);
  };

  it("is named, by its place and with a list by its id", async () => {
    const { stream, id } = log[300]!;
    const alone = await verifyEvents(auditedEvents(broken()), { signedHead: headOf(log), trusted: null });
    expect(alone).toMatchObject({ events: 300, finding: { kind: "damaged", leaf: 300, event: { id: null, stream } } });
    for (const list of Object.values(LISTS)) {
      const { finding } = await verifyEvents(auditedEvents(broken()), { signedHead: null, trusted: await list(log) });
      expect(finding).toMatchObject({ kind: "damaged", leaf: 300, event: { id, stream } });
    }
  });

  it("does not hide a change before it", async () => {
    const tampered = broken().with(7, changed(7)(log)[7]!);
    const trusted = await LISTS["the stored tree"]!(log);
    const { finding } = await verifyEvents(auditedEvents(tampered), { signedHead: null, trusted });
    expect(finding).toMatchObject({ kind: "changed", leaf: 7 });
    const gone = broken().toSpliced(7, 1);
    const { finding: other } = await verifyEvents(auditedEvents(gone), { signedHead: null, trusted });
    expect(other).toMatchObject({
      kind: "moved",
      leaf: 7,
      text: expect.stringContaining("moved or removed") as string,
    });
  });

  it("is no finding when it is the log that cannot be reached", async () => {
    const events = auditedEvents([log[0]!, new StoreUnavailable("the server is gone")]);
    await expect(verifyEvents(events, nothing)).rejects.toThrow("the server is gone");
  });
});

describe("a damaged export", () => {
  it("is a finding, with the line", async () => {
    const text = exportWith(log).replace('"number":300', '"number":301');
    const { finding } = await verifyEvents(eventsOfExport(inPieces(text), null), nothing);
    expect(finding).toMatchObject({
      kind: "damaged",
      text: expect.stringContaining("the export was changed") as string,
    });
    const trusted = await LISTS["the stored tree"]!(log);
    const named = await verifyEvents(eventsOfExport(inPieces(text), null), { signedHead: null, trusted });
    expect(named.finding).toMatchObject({ kind: "changed", leaf: 300, event: { line: 302, id: log[300]!.id } });
    const cut = text.slice(0, text.length / 2);
    const { finding: end, events } = await verifyEvents(eventsOfExport(inPieces(cut), null), {
      signedHead: null,
      trusted,
    });
    expect(end).toMatchObject({ kind: "damaged", leaf: events, event: { id: log[events]!.id } });
  });

  it("with two lines swapped as they are is told by the first of them", async () => {
    const lines = exportWith(log).split("\n");
    const text = lines.with(11, lines[12]!).with(12, lines[11]!).join("\n");
    const trusted = await LISTS["an older export"]!(log);
    const { finding } = await verifyEvents(eventsOfExport(inPieces(text), null), { signedHead: null, trusted });
    expect(finding).toMatchObject({ kind: "moved", leaf: 10, event: { id: log[10]!.id } });
  });

  it("is not to be compared with, nor is a part of one", async () => {
    const text = exportWith(log).replace('"number":300', '"number":301');
    const trusted = leavesOfExport("old.ndjson", () => inPieces(text));
    const events = auditedEvents(changed(500)(log));
    await expect(verifyEvents(events, { signedHead: null, trusted })).rejects.toThrow(
      /^old.ndjson cannot be compared with: the export was changed/,
    );
    const part = exportWith(log).replace(
      '"after":null',
      `"after":{"id":"${log[0]!.id}","position":"${"0".repeat(20)}"}`,
    );
    await expect(verifyEvents(eventsOfExport(inPieces(part), null), nothing)).rejects.toThrow(AuditRefused);
  });
});

describe("a list that is not what was signed", () => {
  it.each(Object.entries(LISTS))("is told from a log that is: %s", async (_what, list) => {
    const trusted = await list(changed(10)(log));
    const report = await verifyEvents(auditedEvents(log), { signedHead: headOf(log), trusted });
    expect(report).toMatchObject({ compared: null, finding: { kind: "untrusted_list" } });
  });

  it("does not vouch for a log that was changed in the same way", async () => {
    const tampered = changed(10)(log);
    const trusted = await LISTS["the stored tree"]!(tampered);
    const { finding } = await verifyEvents(auditedEvents(tampered), { signedHead: headOf(log), trusted });
    expect(finding).toMatchObject({ kind: "rewritten" });
  });

  it("may not be shorter than what was signed", async () => {
    const tampered = cutTo(590)(log);
    const trusted = await LISTS["the stored tree"]!(tampered);
    const { finding } = await verifyEvents(auditedEvents(tampered), { signedHead: headOf(log), trusted });
    expect(finding).toMatchObject({
      kind: "truncated",
      text: "only 590 of the 600 signed events are there: the end was cut off",
    });
  });

  it("is none when there is none", async () => {
    await expect(leavesOfTree(new MemoryDocumentStore())).rejects.toThrow("there is no audit tree");
  });
});
