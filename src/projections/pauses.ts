import type { KnownEvent } from "../events/catalogue.ts";
import { scopeName, scopeOfEndpoint } from "../events/pause.ts";
import type { PauseScope } from "../events/pause.ts";
import type { Content, Projection } from "./projection.ts";
import { fieldsOf } from "./snake-case.ts";
import type { SnakeCased } from "./snake-case.ts";
import type { StoredDocument } from "./store/document-store.ts";

export interface PauseDocument extends StoredDocument, SnakeCased<PauseScope> {
  /** Why and since when (ISO 8601 UTC) it is paused; both null when it is not. */
  readonly reason: string | null;
  readonly paused_at: string | null;
  /** When its last pause ended, ISO 8601 UTC; null when none has. */
  readonly resumed_at: string | null;
}

/**
 * What is paused, or ever was: one document per scope. None is removed: the position of a document keeps an older event from
 * pausing its scope again when it is folded once more. The pause of an endpoint ends when that is deleted.
 */
export const pauses: Projection<PauseDocument> = {
  name: "pauses",
  version: 1,
  categories: ["endpoint", "pause"],
  indexes: [],

  documentId(event) {
    switch (event.type) {
      case "DeliveriesPaused":
      case "DeliveriesResumed":
        return scopeName(event.data);
      case "EndpointDeleted":
        return scopeName(scopeOfEndpoint(event.data.endpointId));
      default:
        return null;
    }
  },

  evolve(document: Content<PauseDocument> | null, event: KnownEvent) {
    switch (event.type) {
      case "DeliveriesPaused":
        return {
          ...fieldsOf(event.data, "scope", "userId", "endpointId", "reason", "pausedAt"),
          resumed_at: document?.resumed_at ?? null,
        };
      case "DeliveriesResumed":
        return document && { ...document, reason: null, paused_at: null, resumed_at: event.data.resumedAt };
      case "EndpointDeleted":
        return document && { ...document, reason: null, paused_at: null, resumed_at: event.data.deletedAt };
      default:
        return document;
    }
  },
};
