import { withinTime } from "../../../runtime/time-limit.ts";
import { ReadModelsUnavailable } from "../document-store.ts";

/**
 * The outcome of a call, or ReadModelsUnavailable if it takes longer than `milliseconds`: a silent server must not keep
 * a request waiting. The call itself may still finish later; guarded writes make that harmless.
 */
export function answeredWithin<T>(milliseconds: number, call: Promise<T>): Promise<T> {
  const late = (): Error => new ReadModelsUnavailable(`MongoDB did not answer within ${milliseconds} ms`);
  return withinTime(call, milliseconds, late);
}
