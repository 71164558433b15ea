import type { EventPlace } from "./audited-events.ts";

/** The first thing that is not as it was. */
export interface Finding {
  readonly kind:
    /** The event at its place says something else. */
    | "changed"
    /** The event is not there any more; in its place is the one that came after it. */
    | "removed"
    /** The event stands elsewhere. */
    | "moved"
    /** An unknown event is in its place, and it is nowhere. */
    | "replaced"
    /** An unknown event is before it. */
    | "inserted"
    /** There is nothing from here on. */
    | "truncated"
    /** What stands here cannot be read, or is no export as it was written. */
    | "damaged"
    /** Some event of those that were signed is another; which one, only a list of leaves could say. */
    | "rewritten"
    /** What was signed is there; it is the list of leaves that is not what was signed. */
    | "untrusted_list";
  /** Which leaf it is about, counted from 0; null when unknown. */
  readonly leaf: number | null;
  /** Which event, as the trusted side knows it, else as it is there. */
  readonly event: EventPlace | null;
  /** All of it in a sentence. */
  readonly text: string;
}

/** Where two lists of leaves are not the same for the first time. */
export interface Difference {
  readonly leaf: number;
  /** What stands there. */
  readonly found: EventPlace;
  /** What is trusted to belong there; null when that is unknown. */
  readonly trusted: EventPlace | null;
  /** Which leaf `trusted` is now, when it was found after this place. */
  readonly trustedNow: number | null;
  /** Which leaf `found` was, when it is known. */
  readonly foundBefore: number | null;
  /** False when what comes after could not be read to its end. */
  readonly wholeRead: boolean;
}

/** What has happened to the first event that is not the same. */
export function explain(difference: Difference): Finding {
  const { leaf, found, trusted, trustedNow, foundBefore, wholeRead } = difference;
  const here = `leaf ${leaf}`;
  if (trusted === null) return { kind: "changed", leaf, event: found, text: `${here} is another: ${named(found)}` };
  if (trusted.id === found.id) {
    const place = trusted.stream !== found.stream || trusted.revision !== found.revision;
    const was = place ? ` and was ${streamOf(trusted)}` : "";
    return { kind: "changed", leaf, event: found, text: `${here} was changed: ${named(found)}${was}` };
  }
  const inItsPlace = `in its place is ${named(found)}`;
  if (foundBefore === null && trustedNow !== null) {
    return { kind: "inserted", leaf, event: found, text: `an event was put in as ${here}: ${named(found)}` };
  }
  if (trustedNow !== null) {
    return {
      kind: "moved",
      leaf,
      event: trusted,
      text: `${here} was moved: ${named(trusted)} is leaf ${trustedNow} now; ${inItsPlace}`,
    };
  }
  if (foundBefore === null) {
    return { kind: "replaced", leaf, event: trusted, text: `${here} was replaced: ${named(trusted)}; ${inItsPlace}` };
  }
  if (!wholeRead) {
    return {
      kind: "moved",
      leaf,
      event: trusted,
      text: `${here} was moved or removed: ${named(trusted)}; ${inItsPlace}`,
    };
  }
  return { kind: "removed", leaf, event: trusted, text: `${here} was removed: ${named(trusted)}; ${inItsPlace}` };
}

/** An event for a sentence: what is known of its type, id, place in its stream, and place. */
export function named(event: EventPlace): string {
  const { id, type, position, line } = event;
  const place = [...(position === null ? [] : [`position ${position}`]), ...(line === null ? [] : [`line ${line}`])];
  return [`${type ?? "event"} ${id ?? ""} at ${streamOf(event)}`, ...place].join(", ");
}

function streamOf({ stream, revision }: EventPlace): string {
  return `revision ${revision} of ${stream}`;
}
