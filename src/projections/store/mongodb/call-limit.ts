import { ReadModelsUnavailable } from "../document-store.ts";

/**
 * The outcome of a call, or ReadModelsUnavailable when it takes longer than `milliseconds`: a server that says nothing must
 * not keep a request waiting. The call itself may still come to an end later; guarded writes make that harmless.
 */
export async function within<T>(milliseconds: number, call: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new ReadModelsUnavailable(`MongoDB did not answer within ${milliseconds} ms`);
    timer = setTimeout(() => reject(error), milliseconds);
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
    // Nobody is left to hear of a failure that comes after the limit.
    call.catch(() => undefined);
  }
}
