import type { ReadReq as Request } from "@eventstore/db-client/generated/streams_pb.js";
import type { Position as ServerPlace } from "@eventstore/db-client";
import { Empty, ReadReq, StreamIdentifier } from "./protocol.ts";

/** Where in `$all` to begin: at a place (inclusive for a read, exclusive for a subscription), or at an end. */
export type AllStart = ServerPlace | "start" | "end";

/** Filters the events of a call on `$all`. */
export interface AllFilter {
  /** The prefixes of the stream names to include. */
  readonly prefixes: readonly string[];
  /** How many events the server searches at a time, and between two checkpoints. */
  readonly window: number;
}

/** A read of one stream from a revision on. */
export function streamRequest(name: string, from: bigint, limit: number | undefined): Request {
  const identifier = new StreamIdentifier();
  identifier.setStreamName(Buffer.from(name));
  const stream = new ReadReq.Options.StreamOptions();
  stream.setStreamIdentifier(identifier);
  stream.setRevision(from.toString());
  const options = newOptions();
  options.setStream(stream);
  options.setCount(String(limit ?? Number.MAX_SAFE_INTEGER));
  options.setNoFilter(new Empty());
  return requestOf(options);
}

/** A read of at most `limit` events of `$all`; without a filter, of all programs. */
export function allRequest(
  from: AllStart,
  direction: "forwards" | "backwards",
  limit: number,
  filter?: AllFilter,
): Request {
  const options = newOptions();
  options.setAll(allFrom(from));
  options.setReadDirection(
    direction === "forwards" ? ReadReq.Options.ReadDirection.FORWARDS : ReadReq.Options.ReadDirection.BACKWARDS,
  );
  options.setCount(String(limit));
  setFilter(options, filter);
  return requestOf(options);
}

/** A subscription to `$all`. */
export function subscriptionRequest(after: AllStart, filter: AllFilter): Request {
  const options = newOptions();
  options.setAll(allFrom(after));
  options.setSubscription(new ReadReq.Options.SubscriptionOptions());
  setFilter(options, filter);
  return requestOf(options);
}

function newOptions(): Request.Options {
  const options = new ReadReq.Options();
  options.setResolveLinks(false);
  const ids = new ReadReq.Options.UUIDOption();
  ids.setString(new Empty());
  options.setUuidOption(ids);
  return options;
}

function requestOf(options: Request.Options): Request {
  const request = new ReadReq();
  request.setOptions(options);
  return request;
}

function allFrom(from: AllStart): Request.Options.AllOptions {
  const all = new ReadReq.Options.AllOptions();
  if (from === "start") all.setStart(new Empty());
  else if (from === "end") all.setEnd(new Empty());
  else {
    const position = new ReadReq.Options.Position();
    position.setCommitPosition(from.commit.toString());
    position.setPreparePosition(from.prepare.toString());
    all.setPosition(position);
  }
  return all;
}

function setFilter(options: Request.Options, filter: AllFilter | undefined): void {
  if (filter === undefined) {
    options.setNoFilter(new Empty());
    return;
  }
  const expression = new ReadReq.Options.FilterOptions.Expression();
  expression.setPrefixList([...filter.prefixes]);
  const filterOptions = new ReadReq.Options.FilterOptions();
  filterOptions.setStreamIdentifier(expression);
  filterOptions.setMax(filter.window);
  filterOptions.setCheckpointintervalmultiplier(1);
  options.setFilter(filterOptions);
}
