import type { EventPlace } from "./audited-events.ts";

/** The first difference. */
export interface Finding {
  readonly kind:
    /** The event at this place has changed. */
    | "changed"
    /** The event is missing; the one that came after it is in its place. */
    | "removed"
    /** The event is at another place. */
    | "moved"
    /** The event is missing; an unknown one is in its place. */
    | "replaced"
    /** There is an unknown event before it. */
    | "inserted"
    /** There are no events from here on. */
    | "truncated"
    /** The event here cannot be read, or the export was changed. */
    | "damaged"
    /** A signed event has changed; only a list of leaves could say which. */
    | "rewritten"
    /** The events are the signed ones, but the list of leaves is not. */
    | "untrusted_list";
  /** The leaf, counted from 0; null when unknown. */
  readonly leaf: number | null;
  /** The event as the trusted side knows it, or else as it was found. */
  readonly event: EventPlace | null;
  /** The finding in a sentence. */
  readonly text: string;
}

/** The first place where two lists of leaves differ. */
export interface Difference {
  readonly leaf: number;
  /** The event found there. */
  readonly found: EventPlace;
  /** The event that belongs there; null when unknown. */
  readonly trusted: EventPlace | null;
  /** The leaf where `trusted` was found later, if it was. */
  readonly trustedNow: number | null;
  /** The leaf that `found` was before; null when unknown. */
  readonly foundBefore: number | null;
  /** False if the events after it could not be read to the end. */
  readonly wholeRead: boolean;
}

/** Explains what happened to the first event that differs. */
export function explain(difference: Difference): Finding {
  const { leaf, found, trusted, trustedNow, foundBefore, wholeRead } = difference;
  const here = `leaf ${leaf}`;
  if (trusted === null) return { kind: "changed", leaf, event: found, text: `${here} differs: ${named(found)}` };
  if (trusted.id === found.id) {
    const place = trusted.stream !== found.stream || trusted.revision !== found.revision;
    const was = place ? ` and was ${streamOf(trusted)}` : "";
    return { kind: "changed", leaf, event: found, text: `${here} was changed: ${named(found)}${was}` };
  }
  const inItsPlace = `in its place is ${named(found)}`;
  if (foundBefore === null && trustedNow !== null) {
    return { kind: "inserted", leaf, event: found, text: `an event was inserted as ${here}: ${named(found)}` };
  }
  if (trustedNow !== null) {
    return {
      kind: "moved",
      leaf,
      event: trusted,
      text: `${here} was moved: ${named(trusted)} is now leaf ${trustedNow}; ${inItsPlace}`,
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

/** An event in a sentence: what is known of its type, id, place in its stream, and position or line. */
export function named(event: EventPlace): string {
  const { id, type, position, line } = event;
  const place = [...(position === null ? [] : [`position ${position}`]), ...(line === null ? [] : [`line ${line}`])];
  return [`${type ?? "event"} ${id ?? ""} at ${streamOf(event)}`, ...place].join(", ");
}

function streamOf({ stream, revision }: EventPlace): string {
  return `revision ${revision} of ${stream}`;
}
