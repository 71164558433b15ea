import { onTestFinished } from "vitest";
import { systemClock } from "../../../src/clock.ts";
import type { AnsweredResult, SendResult } from "../../../src/processes/sending/attempt-outcome.ts";
import type { NameResolver } from "../../../src/processes/sending/name-resolver.ts";
import type { SendRequest, UndiciSenderOptions } from "../../../src/processes/sending/sender.ts";
import { UndiciSender } from "../../../src/processes/sending/sender.ts";
import type { TargetRules } from "../../../src/processes/sending/target-rules.ts";
import { createTargetRules } from "../../../src/processes/sending/target-rules.ts";
import type { Answer, Receiver, ReceiverOptions } from "../../fixtures/receiver.ts";
import { startReceiver } from "../../fixtures/receiver.ts";

/** Rules under which the test receivers are targets. */
export const openRules: TargetRules = createTargetRules(["127.0.0.0/8"]);

/** Knows no name. */
export const noNames: NameResolver = {
  resolve: () => Promise.reject(Object.assign(new Error("no such name"), { code: "ENOTFOUND" })),
};

/** A sender that is closed when the test is over. */
export function makeSender(options: Partial<UndiciSenderOptions> = {}): UndiciSender {
  const sender = new UndiciSender({
    timeoutMs: 10_000,
    connectionsPerEndpoint: 5,
    rules: openRules,
    resolver: noNames,
    version: "1.2.3",
    clock: systemClock,
    ...options,
  });
  onTestFinished(() => sender.close());
  return sender;
}

/** A receiver that is closed when the test is over. */
export async function makeReceiver(answer?: Answer, options?: ReceiverOptions): Promise<Receiver> {
  const receiver = await startReceiver(answer, options);
  onTestFinished(() => receiver.close());
  return receiver;
}

/** One attempt with an unremarkable payload. */
export function requestTo(url: string, changes: Partial<SendRequest> = {}): SendRequest {
  return { deliveryId: "d-1", endpointId: 1, url, body: '{"n":1}', attempt: 1, headers: {}, ...changes };
}

/** Sends without ever aborting. */
export function send(sender: UndiciSender, url: string, changes: Partial<SendRequest> = {}): Promise<SendResult> {
  return sender.send(requestTo(url, changes), new AbortController().signal);
}

/** What a receiver that answers like this makes of one attempt by a new sender. */
export async function resultOf(answer: Answer, options?: Partial<UndiciSenderOptions>): Promise<AnsweredResult> {
  const receiver = await makeReceiver(answer);
  return answered(await send(makeSender(options), receiver.url()));
}

/** The result, which must be one that counts as an attempt. */
export function answered(result: SendResult): AnsweredResult {
  if (result.kind !== "answered") throw new Error(`not an answered attempt: ${JSON.stringify(result)}`);
  return result;
}
