import { prepareAppend } from "../../append/prepared-append.ts";
import type { EventToAppend } from "../../event-store.ts";
import { revisionOf } from "../../position.ts";
import type { EventReader } from "../reading/read-events.ts";
import type { ServerCalls } from "../server-calls.ts";
import type { StreamNames } from "../stream-names.ts";
import { failedAnswer, singleAnswer } from "../wire/append-answer.ts";
import { singleAppend } from "../wire/append-request.ts";
import { codeOf, status } from "../wire/grpc-status.ts";
import { EventStoreUnusable } from "./eventstore-unusable.ts";

/** A stream of the log that never has an event. */
const STREAM = "rights-0";
/** A revision that the stream never has, so that a user who may append gets a conflict. */
const NEVER = revisionOf(1);
const ID = "00000000-0000-4000-8000-000000000000";
const EVENT: EventToAppend = {
  id: ID,
  type: "RightsChecked",
  data: {},
  metadata: { $correlationId: ID, $causationId: ID, actor: "operator", schemaVersion: 1 },
};

/** How the log will be used. */
export type Use = "read" | "append";

/**
 * Checks that the connection's user may read the log's streams and, for the use "append", write them: without these
 * rights the gateway would start and then fail. Writes nothing. If the server does not answer, the check passes.
 *
 * @param milliseconds how long the server may take to answer
 * @throws EventStoreUnusable with one line
 */
export async function checkRights(
  log: { calls: Pick<ServerCalls, "append">; reader: Pick<EventReader, "stream">; names: StreamNames },
  use: Use,
  milliseconds: number,
): Promise<void> {
  await log.reader.stream(STREAM, { limit: 1 }).catch((error: unknown) => {
    const cause = error instanceof Error ? error.cause : undefined;
    if (codeOf(cause) === status.permissionDenied) throw refused("read");
  });
  if (use === "read") return;
  const append = singleAppend(log.names.onServer(STREAM), prepareAppend(STREAM, [EVENT], NEVER));
  const answer = await log.calls.append(append, milliseconds).then(singleAnswer, failedAnswer);
  if (answer.kind === "refused") throw refused("write");
}

function refused(what: string): EventStoreUnusable {
  return new EventStoreUnusable(
    `the event store does not let the user of its address ${what} the gateway's streams: grant that right`,
  );
}
