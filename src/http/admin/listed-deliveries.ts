import { deliveriesById } from "../../projections/delivery-queries.ts";
import type { DeliveryDocument } from "../../projections/deliveries.ts";
import type { PagesFrom } from "../../projections/store/pages.ts";
import { waitingOf } from "../../projections/waiting.ts";
import { isoNow } from "../../runtime/clock.ts";
import type { HttpDependencies } from "../dependencies.ts";
import type { ListedState } from "./admin-deliveries-schema.ts";
import { scanDeliveries } from "./scanned-deliveries.ts";
import type { FoundDelivery, ScannedDelivery, Wanted } from "./scanned-deliveries.ts";

/** How long one page looks for deliveries that match, in ms. What it has found by then is the page. */
const PATIENCE_MS = 50;
/** How many documents are read at a time where most may not match. */
const SCAN_PAGE = 100;

type Deps = Pick<HttpDependencies, "documents" | "directory" | "clock">;
type Place = ScannedDelivery["place"];

/** A page of deliveries, and the place after which the next one begins; null: there are no more. */
export interface ListedPage {
  readonly data: readonly object[];
  readonly next: Place | null;
}

/** What an operator lists. */
export interface Listing {
  readonly state: ListedState;
  readonly userId: number | null;
  readonly endpointId: number | null;
  /** With `due`: also what falls due within so many seconds. */
  readonly withinSeconds: number;
}

/**
 * The next page of a listing, at most `limit` deliveries following `after`. It may have fewer, even none, although more
 * follow: where few of many match, it gives what it finds in 50 ms.
 *
 * @throws ReadModelsUnavailable
 */
export async function listDeliveries(
  deps: Deps,
  { state, userId, endpointId, withinSeconds }: Listing,
  limit: number,
  after: Place | null,
): Promise<ListedPage> {
  const { documents, clock } = deps;
  const ownerId = endpointId === null ? userId : ownerOf(deps, endpointId);
  if (ownerId === null && endpointId !== null) return { data: [], next: null };
  if (ownerId !== null && userId !== null && ownerId !== userId) return { data: [], next: null };
  const now = isoNow(clock);
  const before = new Date(Date.parse(now) + withinSeconds * 1_000 + 1).toISOString();
  const of = ownerId === null ? null : { userId: ownerId, endpointId };
  const wanted: Wanted = { state, of, ownerOf: (id) => ownerOf(deps, id), now, before };
  const from: PagesFrom = {
    ...(after !== null && { after }),
    size: ownerId !== null && (state === "due" || state === "under_way") ? SCAN_PAGE : limit + 1,
  };
  const { found, next } = await onePage(scanDeliveries(documents, wanted, from), limit, clock);
  return { data: await rowsOf(deps, state, found, now), next };
}

async function onePage(
  scan: AsyncGenerator<ScannedDelivery>,
  limit: number,
  clock: HttpDependencies["clock"],
): Promise<{ found: readonly FoundDelivery[]; next: Place | null }> {
  const found: FoundDelivery[] = [];
  const until = clock.monotonic() + PATIENCE_MS;
  let last: Place | null = null;
  for await (const scanned of scan) {
    if (scanned.found !== null && found.length === limit) return { found, next: last };
    if (last !== null && scanned.found === null && clock.monotonic() > until) return { found, next: last };
    if (scanned.found !== null) found.push(scanned.found);
    last = scanned.place;
  }
  return { found, next: null };
}

async function rowsOf(
  deps: Deps,
  state: ListedState,
  found: readonly FoundDelivery[],
  now: string,
): Promise<readonly object[]> {
  const known = await deliveriesById(
    deps.documents,
    found.map(({ _id }) => _id),
  );
  return found.map((one) => {
    const delivery = known.get(one._id) ?? null;
    return {
      id: one._id,
      user_id: delivery?.user_id ?? ownerOf(deps, one.endpoint_id),
      endpoint_id: one.endpoint_id,
      state,
      ...standingOf(deps, one, now),
      attempts: delivery?.attempts ?? 0,
      last_error: delivery && lastErrorOf(delivery),
    };
  });
}

function standingOf(
  { directory }: Deps,
  one: FoundDelivery,
  now: string,
): { due_at: string | null; waiting_for: string | null; since: string } {
  if ("failed_at" in one) return { due_at: null, waiting_for: null, since: one.failed_at };
  const endpoint = directory.knownEndpoint(one.endpoint_id);
  const { for: waiting_for, since } = waitingOf(
    one,
    endpoint && directory.pauseOf(endpoint),
    endpoint?.status === "disabled",
    now,
  );
  return { due_at: "due_at" in one ? one.due_at : null, waiting_for, since };
}

function lastErrorOf({ attempt_log }: DeliveryDocument): string | null {
  const last = attempt_log.at(-1);
  return last?.outcome === "unknown" ? "unknown" : (last?.error_code ?? null);
}

function ownerOf({ directory }: Deps, endpointId: number): number | null {
  return directory.knownEndpoint(endpointId)?.user_id ?? null;
}
