import type { KnownEvent } from "../events/catalogue.ts";
import { SETTINGS_VERSION } from "../events/chosen-settings.ts";
import { settingsIn } from "../events/endpoint.ts";
import type { EndpointRegistered, EndpointSettings } from "../events/endpoint.ts";
import type { DisablingReason, EndpointStatus } from "../events/endpoint-terms.ts";
import { collectionOf } from "./projection.ts";
import type { Content, Projection } from "./projection.ts";
import { fieldsOf, snakeCased } from "./snake-case.ts";
import type { SnakeCased } from "./snake-case.ts";
import type { DocumentStore, StoredDocument } from "./store/document-store.ts";
import { pagesOf } from "./store/pages.ts";
import type { NumberedPage, PagesFrom } from "./store/pages.ts";

/** Whose an endpoint is, and its keys; null: those derived from its number. */
type Owned = Pick<EndpointRegistered["data"], "endpointId" | "userId" | "sealedKeys">;

export interface EndpointDocument extends StoredDocument, SnakeCased<Owned>, SnakeCased<EndpointSettings> {
  /** The keys before a rotation, which sign as well until then; null when there was none. */
  readonly previous_keys: { readonly sealed_keys: string | null; readonly expires_at: string } | null;
  /** A deleted one stays, so that it differs from one that is not known yet. */
  readonly status: EndpointStatus;
  readonly disabled_reason: DisablingReason | null;
  /** Since when it has been warned of failing; null when it has not. */
  readonly failing_warned_at: string | null;
  /** When it was deleted or answered that it is gone, until what was pending then has ended or it is enabled; else null. */
  readonly ending_since: string | null;
  /** When it last answered that it is gone; null when it is enabled. */
  readonly gone_at: string | null;
  /** As `changeCount` of the endpoint that commands decide on. */
  readonly change_count: number;
  readonly created_at: string;
  readonly updated_at: string;
}

/** Where deliveries go, and how. */
export const endpoints: Projection<EndpointDocument> = {
  name: "endpoints",
  // A new setting is a new field of every document; count up the first number for any other change.
  version: 3 + SETTINGS_VERSION,
  categories: ["endpoint"],
  indexes: [["user_id", "endpoint_id"], ["url", "endpoint_id"], ["endpoint_id"]],

  documentId: (event) =>
    event.stream.startsWith("endpoint-") && "endpointId" in event.data ? String(event.data.endpointId) : null,

  evolve(document: Content<EndpointDocument> | null, event: KnownEvent) {
    if (event.type === "EndpointRegistered") {
      const { registeredAt } = event.data;
      return {
        ...fieldsOf(event.data, "endpointId", "userId"),
        ...snakeCased(settingsIn(event.data)),
        ...fieldsOf(event.data, "sealedKeys"),
        previous_keys: null,
        status: "enabled",
        disabled_reason: null,
        failing_warned_at: null,
        ending_since: null,
        gone_at: null,
        change_count: 1,
        created_at: registeredAt,
        updated_at: registeredAt,
      };
    }
    if (document === null) return null;
    const change_count = document.change_count + 1;
    switch (event.type) {
      case "EndpointUpdated": {
        const { changes, updatedAt } = event.data;
        const changed = { ...document, ...snakeCased(changes), change_count, updated_at: updatedAt };
        return changes.url === undefined ? changed : { ...changed, failing_warned_at: null };
      }
      case "EndpointSecretRotated": {
        const { previousExpiresAt, rotatedAt } = event.data;
        const previous = { sealed_keys: document.sealed_keys, expires_at: previousExpiresAt };
        const keys = fieldsOf(event.data, "sealedKeys");
        return { ...document, ...keys, previous_keys: previous, change_count, updated_at: rotatedAt };
      }
      case "EndpointDisabled": {
        const { reason, disabledAt } = event.data;
        const disabled = {
          ...document,
          status: "disabled",
          disabled_reason: reason,
          change_count,
          updated_at: disabledAt,
        } as const;
        return reason === "gone" ? { ...disabled, gone_at: disabledAt, ending_since: disabledAt } : disabled;
      }
      case "EndpointEnabled": {
        const { enabledAt } = event.data;
        return {
          ...document,
          status: "enabled",
          disabled_reason: null,
          failing_warned_at: null,
          ending_since: null,
          gone_at: null,
          change_count,
          updated_at: enabledAt,
        };
      }
      case "EndpointDeleted": {
        const { deletedAt } = event.data;
        return {
          ...document,
          status: "deleted",
          disabled_reason: null,
          ending_since: deletedAt,
          change_count,
          updated_at: deletedAt,
        };
      }
      case "EndpointFailing":
        return { ...document, failing_warned_at: event.data.warnedAt };
      case "EndpointDeliveriesEnded":
        return { ...document, ending_since: null };
      default:
        return document;
    }
  },
};

/** A user's endpoints by ascending id, without deleted ones, at most `limit`, after the endpoint with the id `after`. */
export async function endpointsOfUserPage(
  store: DocumentStore,
  userId: number,
  limit: number,
  after: number | null,
): Promise<EndpointDocument[]> {
  const found: EndpointDocument[] = [];
  const start = after === null ? undefined : { value: after, id: String(after) };
  for await (const page of existingEndpoints(store, userId, { after: start, size: limit })) {
    found.push(...page);
    if (found.length >= limit) break;
  }
  return found.slice(0, limit);
}

/** All of a user's endpoints that are not deleted, by ascending id. */
export async function endpointsOfUser(store: DocumentStore, userId: number): Promise<EndpointDocument[]> {
  const found: EndpointDocument[] = [];
  for await (const page of existingEndpoints(store, userId)) found.push(...page);
  return found;
}

/**
 * The endpoints whose address is exactly this text now, deleted ones too, by ascending id, at most `limit`, after the
 * endpoint with the id `after`.
 */
export function endpointsByUrl(store: DocumentStore, url: string, page: NumberedPage): Promise<EndpointDocument[]> {
  return endpointsPage(store, { url }, page);
}

/** The endpoints that match, deleted ones as well, by ascending id: of a user, with exactly this URL, both or all. */
export function endpointsPage(
  store: DocumentStore,
  { userId, url }: { readonly userId?: number; readonly url?: string },
  { limit, after }: NumberedPage,
): Promise<EndpointDocument[]> {
  return store.find<EndpointDocument>(collectionOf(endpoints), {
    equals: { ...(userId !== undefined && { user_id: userId }), ...(url !== undefined && { url }) },
    order: { field: "endpoint_id", direction: "ascending" },
    ...(after !== null && { after: { value: after, id: String(after) } }),
    limit,
  });
}

async function* existingEndpoints(
  store: DocumentStore,
  userId: number,
  from?: PagesFrom,
): AsyncGenerator<readonly EndpointDocument[]> {
  const order = { field: "endpoint_id", direction: "ascending" } as const;
  const pages = pagesOf<EndpointDocument>(store, collectionOf(endpoints), { equals: { user_id: userId }, order }, from);
  for await (const page of pages) yield page.filter(({ status }) => status !== "deleted");
}
