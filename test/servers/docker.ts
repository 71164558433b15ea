import { getContainerRuntimeClient } from "testcontainers";

/** Whether a Docker engine answers here. Looks once. */
export function dockerAnswers(): Promise<boolean> {
  looked ??= getContainerRuntimeClient().then(
    () => true,
    () => false,
  );
  return looked;
}

let looked: Promise<boolean> | undefined;
