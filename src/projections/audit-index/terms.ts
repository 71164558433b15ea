import { hash } from "node:crypto";
import { recordedCategoryOf } from "../../events/store/event-store.ts";
import type { RecordedEvent } from "../../events/store/event-store.ts";

/** What the index finds events by, such as `type:UserCreated` or `user:7`. */
export type Term = string & { readonly __brand: "Term" };

/** Whose event it is, as far as anything says so. */
export interface Owner {
  readonly user: number | null;
  readonly endpoint: number | null;
}

/** What a term may have in an id of a document. No `/`, which ends it there. */
const PLAIN = /^[A-Za-z0-9:_.@-]{1,80}$/;
const USER_ACTOR = /^user:([1-9]\d{0,14})$/;

/** Of the events of this type. */
export const typeTerm = (type: string): Term => term("type", type);
/** Of the attempts with this outcome. */
export const outcomeTerm = (outcome: string): Term => term("outcome", outcome);
/** Of the events of this user: its own stream, those of its endpoints and deliveries, and its reservations. */
export const userTerm = (user: number): Term => `user:${user}` as Term;
/** Of the events of this endpoint: its own stream and those of its deliveries. */
export const endpointTerm = (endpoint: number): Term => `endpoint:${endpoint}` as Term;
/** Of the dispatches with this reference of their client. */
export const referenceTerm = (reference: string): Term => `reference:${hash("sha256", reference)}` as Term;
/** Of the streams of this category; there is none for deliveries, which nearly all events are of. */
export const categoryTerm = (category: string): Term => term("category", category);

/**
 * The terms that together have every event of this actor. What a user did to its own things has the user's term alone, so
 * that a dispatch, the most frequent act, is not written twice.
 */
export function actorTerms(actor: string): readonly Term[] {
  const user = userOfActor(actor);
  return user === null ? [actorTerm(actor)] : [actorTerm(actor), userTerm(user)];
}

/** The category that has no term. */
export const UNLISTED_CATEGORY = "delivery";
const UNLISTED_STREAMS = `${UNLISTED_CATEGORY}-`;

/** The terms of an event that belongs to this owner, each once. */
export function termsOf(event: RecordedEvent, { user, endpoint }: Owner): Term[] {
  const terms = [typeTerm(event.type)];
  if (!event.stream.startsWith(UNLISTED_STREAMS)) terms.push(categoryTerm(recordedCategoryOf(event.stream)));
  if (user !== null) terms.push(userTerm(user));
  if (endpoint !== null) terms.push(endpointTerm(endpoint));
  const actor = actorOf(event);
  if (actor !== null && (user === null || userOfActor(actor) !== user)) terms.push(actorTerm(actor));
  const outcome = outcomeOf(event);
  if (outcome !== null) terms.push(outcomeTerm(outcome));
  const reference = event.type === "DeliveryRequested" ? textIn(event, "reference") : null;
  if (reference !== null) terms.push(referenceTerm(reference));
  return terms;
}

/** Who acted, or null: what another program wrote need not say. */
export function actorOf({ metadata }: RecordedEvent): string | null {
  const actor: unknown = (metadata as Partial<RecordedEvent["metadata"]> | null | undefined)?.actor;
  return typeof actor === "string" ? actor : null;
}

/** What became of an attempt; null for every other event. */
export function outcomeOf(event: RecordedEvent): string | null {
  return event.type === "DeliveryAttempted" ? textIn(event, "outcome") : null;
}

/** A text of the event's data, or null when there is none. */
export function textIn(event: RecordedEvent, field: string): string | null {
  const value = valueIn(event, field);
  return typeof value === "string" ? value : null;
}

/** A number from 1 of the event's data, or null when there is none. */
export function idIn(event: RecordedEvent, field: string): number | null {
  const value = valueIn(event, field);
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : null;
}

function valueIn({ data }: RecordedEvent, field: string): unknown {
  return typeof data === "object" && data !== null ? Reflect.get(data, field) : null;
}

function userOfActor(actor: string): number | null {
  const user = USER_ACTOR.exec(actor)?.[1];
  return user === undefined ? null : Number(user);
}

function actorTerm(actor: string): Term {
  return term("actor", actor);
}

/** The terms of texts that were asked for before: types, outcomes and processes are few, and each event has some. */
const known = new Map<string, Map<string, Term>>();
const MAX_KNOWN = 1_000;

/** A text of any length and with any characters is known by its digest. */
function term(kind: string, text: string): Term {
  let ofKind = known.get(kind);
  if (ofKind === undefined) known.set(kind, (ofKind = new Map<string, Term>()));
  const found = ofKind.get(text);
  if (found !== undefined) return found;
  const made = (PLAIN.test(text) ? `${kind}:${text}` : `${kind}#${hash("sha256", text)}`) as Term;
  if (ofKind.size < MAX_KNOWN) ofKind.set(text, made);
  return made;
}
