import { loadStream } from "../../../../src/commands/handling/command-handler.ts";
import { requestDelivery } from "../../../../src/commands/request-delivery.ts";
import { retryPolicy } from "../../../../src/commands/retry-policy.ts";
import { deliveryStream, evolveDelivery } from "../../../../src/events/delivery.ts";
import { attemptDelivery } from "../../../../src/processes/delivering/attempt-delivery.ts";
import { HookedEventStore, newContext } from "../../../fixtures/event-log/store-doubles.ts";
import { FakeClock } from "../../../fixtures/fake-clock.ts";
import { VAULT } from "../../../fixtures/processes/delivery-world.ts";
import { endpointInLog, tell } from "../../../fixtures/processes/endpoint-in-log.ts";
import { delivered, FakeSender } from "../../../fixtures/processes/fake-sender.ts";
import { DELIVERY_ID, requested } from "../../../specification/delivery-story.ts";
import { registered } from "../../../specification/endpoint-story.ts";

export const STREAM = deliveryStream(DELIVERY_ID);
export const TIMEOUT_MS = 15_000;
/** How long a claim holds with that time-out. */
export const LEASE_MS = 30_000;

/** A delivery that was just accepted, and all that an attempt of it takes. `steps` notes appends and sends in order. */
export async function newAttempts() {
  const clock = new FakeClock();
  const store = new HookedEventStore(clock);
  const sender = new FakeSender(clock);
  const { deliveryId, userId, endpointId, payload, payloadBytes, payloadSha256 } = requested().data;
  const dispatch = {
    deliveryId,
    userId,
    endpointId,
    payload,
    payloadBytes,
    payloadSha256,
    reference: null,
    now: clock.iso,
  };
  await tell(store, registered({ endpointId, userId }));
  await requestDelivery(store, dispatch, newContext());
  const steps: string[] = [];
  store.onAppend = async (_stream, events, write) => {
    const result = await write();
    steps.push(events.map(({ type }) => type).join("+"));
    return result;
  };
  sender.answer = () => {
    steps.push("send");
    return delivered();
  };
  const deps = {
    store,
    sender,
    clock,
    vault: VAULT,
    policy: retryPolicy(60_000),
    timeoutMs: TIMEOUT_MS,
    endpointOf: (id: number) => endpointInLog(store, id),
    isPaused: () => false,
    lapsed: () => undefined,
  };
  const abort = new AbortController();
  const attempt = (sent: () => void = () => undefined) => attemptDelivery(deps, DELIVERY_ID, null, sent, abort.signal);
  const state = async () => (await loadStream(store, STREAM, evolveDelivery)).state;
  const types = async () => (await store.read(STREAM)).map(({ type }) => type);
  return { clock, store, sender, steps, deps, abort, attempt, state, types };
}
