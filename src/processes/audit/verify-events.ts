import { UnreadableEvent } from "../../events/store/event-store-errors.ts";
import { numberOf } from "../../events/store/position.ts";
import { GrowingTree } from "../../projections/audit-tree/merkle-tiles.ts";
import type { Hash } from "../../projections/audit-tree/merkle-tree.ts";
import { TransferRefused } from "../transfer/transfer-refused.ts";
import type { AuditedEvent, EventPlace } from "./audited-events.ts";
import { explain, named } from "./findings.ts";
import type { Finding } from "./findings.ts";
import type { TreeHead } from "./tree-head.ts";
import type { TrustedLeaves } from "./trusted-leaves.ts";

export interface VerifyOptions {
  /** A signed tree head, whose signature was already checked. */
  readonly signedHead: TreeHead | null;
  readonly trusted: TrustedLeaves | null;
  /** Called for every event with the number read so far, and that number as a fraction of all; null when unknown. */
  readonly onProgress?: (events: number, fraction: number | null) => void;
}

/** The result. */
export interface VerifyReport {
  /** How many events could be read, and the root over them. */
  readonly events: number;
  readonly root: Hash;
  /** With how many leaves of the trusted list they were compared; null without a list. */
  readonly compared: number | null;
  /** Null when no difference was found. */
  readonly finding: Finding | null;
}

/**
 * Reads events, builds the tree over them, and finds the first difference. A signed tree head shows that there is one,
 * and a list of leaves shows which event. With both, the list itself must match the signed head.
 *
 * @throws what reading the events throws, except for an event that cannot be read: that is a finding
 */
export async function verifyEvents(events: AsyncIterable<AuditedEvent>, options: VerifyOptions): Promise<VerifyReport> {
  const { signedHead, trusted } = options;
  const vouched = trusted === null || signedHead === null || (await begins(trusted.hashes(), signedHead));
  const list = vouched ? trusted : null;
  const read = await readAll(events, list, options);
  const { size, end, rootThen, root } = read;
  return {
    events: size,
    root,
    compared: list === null ? null : read.compared,
    finding: await find(),
  };

  async function find(): Promise<Finding | null> {
    // Before reporting anything about the log, read the list to its end: a changed export is only detected there.
    if (list !== null && (read.different !== null || read.left)) await readToItsEnd(list.hashes());
    if (list !== null && read.different !== null) return explainWith(list, read.different, end === null);
    if (end !== null) return damaged(end, list, size);
    if (read.left) return truncated(list, size);
    if (signedHead !== null && signedHead.size > size) {
      const text = `only ${size} of the ${signedHead.size} signed events are there: the end was cut off`;
      return { kind: "truncated", leaf: size, event: null, text };
    }
    if (signedHead !== null && rootThen?.equals(signedHead.root) !== true) {
      const text = `the first ${signedHead.size} events are not the signed ones`;
      return { kind: "rewritten", leaf: null, event: null, text };
    }
    if (trusted === null || vouched) return null;
    const text = `the events are the signed ones, but ${trusted.name} is not`;
    return { kind: "untrusted_list", leaf: null, event: null, text };
  }
}

/** The first event that differs from the trusted one, and where the trusted one was found later. */
interface Different {
  readonly leaf: number;
  readonly found: AuditedEvent;
  readonly trusted: EventPlace | null;
  trustedNow: number | null;
}

interface Read {
  readonly size: number;
  readonly root: Hash;
  /** The root once there were as many events as the signed size. */
  readonly rootThen: Hash | null;
  readonly compared: number;
  readonly different: Different | null;
  /** The list has more leaves than there are events. */
  readonly left: boolean;
  /** The error that ended the reading early. */
  readonly end: UnreadableEvent | TransferRefused | null;
}

async function readAll(
  events: AsyncIterable<AuditedEvent>,
  list: TrustedLeaves | null,
  { signedHead, onProgress = () => undefined }: VerifyOptions,
): Promise<Read> {
  const tree = new GrowingTree();
  const reading = events[Symbol.asyncIterator]();
  const hashes = list?.hashes()[Symbol.asyncIterator]() ?? null;
  let [comparing, compared] = [hashes !== null, 0];
  let different: Different | null = null;
  let rootThen: Hash | null = signedHead?.size === 0 ? tree.root() : null;
  let end: Read["end"] = null;
  try {
    for (;;) {
      const event = await nextOf(reading);
      if (event === null) break;
      if (event instanceof Error) {
        end = event;
        break;
      }
      if (comparing && hashes !== null) {
        const next = await hashes.next();
        if (next.done === true) comparing = false;
        else if (next.value.equals(event.hash)) compared += 1;
        else {
          comparing = false;
          const trusted = (await list?.placeAt(tree.size)) ?? null;
          different = { leaf: tree.size, found: event, trusted, trustedNow: null };
        }
      } else if (different?.trusted?.id === event.id) {
        different.trustedNow ??= tree.size;
      }
      tree.add(event.hash);
      if (tree.size === signedHead?.size) rootThen = tree.root();
      onProgress(tree.size, event.fraction);
    }
    const left = comparing && (await hashes?.next())?.done === false;
    return { size: tree.size, root: tree.root(), rootThen, compared, different, left, end };
  } finally {
    await hashes?.return?.();
    await reading.return?.();
  }
}

/** The next event, null at the end, or the error if it cannot be read. */
async function nextOf(reading: AsyncIterator<AuditedEvent>): Promise<AuditedEvent | null | NonNullable<Read["end"]>> {
  try {
    const next = await reading.next();
    return next.done === true ? null : next.value;
  } catch (error) {
    if (error instanceof UnreadableEvent || error instanceof TransferRefused) return error;
    throw error;
  }
}

async function readToItsEnd(hashes: AsyncIterable<Hash>): Promise<void> {
  const reading = hashes[Symbol.asyncIterator]();
  while ((await reading.next()).done !== true);
}

/** Whether these leaves begin with those of the signed tree head. */
async function begins(hashes: AsyncIterable<Hash>, { size, root }: TreeHead): Promise<boolean> {
  const tree = new GrowingTree();
  if (size > 0) {
    for await (const hash of hashes) {
      tree.add(hash);
      if (tree.size === size) break;
    }
  }
  return tree.size === size && tree.root().equals(root);
}

async function explainWith(list: TrustedLeaves, different: Different, wholeRead: boolean): Promise<Finding> {
  return explain({ ...different, foundBefore: await list.leafOf(different.found.id), wholeRead });
}

async function truncated(list: TrustedLeaves | null, leaf: number): Promise<Finding> {
  const event = (await list?.placeAt(leaf)) ?? null;
  const text = `the end was cut off from leaf ${leaf} on${event === null ? "" : `: ${named(event)}`}`;
  return { kind: "truncated", leaf, event, text };
}

async function damaged(
  error: UnreadableEvent | TransferRefused,
  list: TrustedLeaves | null,
  leaf: number,
): Promise<Finding> {
  const trusted = (await list?.placeAt(leaf)) ?? null;
  if (trusted !== null) {
    const text = `leaf ${leaf} cannot be read: ${named(trusted)}; ${error.message}`;
    return { kind: "damaged", leaf, event: trusted, text };
  }
  if (error instanceof TransferRefused) return { kind: "damaged", leaf: null, event: null, text: error.message };
  const { stream, revision, position, message } = error;
  const event = { id: null, stream, revision: numberOf(revision), type: null, position, line: null };
  return { kind: "damaged", leaf, event, text: `leaf ${leaf} cannot be read: ${message}` };
}
