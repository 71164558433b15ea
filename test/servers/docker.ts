import { getContainerRuntimeClient } from "testcontainers";
import type { GenericContainer, StartedTestContainer } from "testcontainers";

/** Whether a Docker engine answers here. Looks once. */
export function dockerAnswers(): Promise<boolean> {
  looked ??= getContainerRuntimeClient().then(
    () => true,
    () => false,
  );
  return looked;
}

let looked: Promise<boolean> | undefined;

/** The container, running; or why it is not, for an engine may be without the image and without a way to get it. */
export async function startContainer(
  container: GenericContainer,
): Promise<{ readonly started: StartedTestContainer } | { readonly missing: string }> {
  try {
    return { started: await container.start() };
  } catch (error) {
    const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
    return { missing: `its container did not start: ${line}` };
  }
}
