import { GenericContainer, Wait } from "testcontainers";
import { dockerAnswers, startContainer } from "./docker.ts";
import type { TestServer } from "./test-server.ts";

const IMAGE = "eventstore/eventstore:24.10.0-bookworm-slim";
const PORT = 2113;

/** A real EventStoreDB: the one that TEST_EVENTSTORE_URL names, else one in a container. */
export async function eventStoreDbServer(): Promise<TestServer> {
  const url = process.env["TEST_EVENTSTORE_URL"];
  if (url) return { url, kind: "real", stop: () => Promise.resolve() };
  if (!(await dockerAnswers())) {
    return { missing: "no EventStoreDB: TEST_EVENTSTORE_URL is not set and no Docker engine answers" };
  }
  const container = await startContainer(
    new GenericContainer(IMAGE)
      .withEnvironment({
        EVENTSTORE_INSECURE: "true",
        EVENTSTORE_CLUSTER_SIZE: "1",
        EVENTSTORE_NODE_PORT: String(PORT),
      })
      .withExposedPorts(PORT)
      .withWaitStrategy(Wait.forHttp("/health/live", PORT).forStatusCode(204)),
  );
  if ("missing" in container) {
    return { missing: `no EventStoreDB: TEST_EVENTSTORE_URL is not set and ${container.missing}` };
  }
  const { started } = container;
  return {
    url: `esdb://${started.getHost()}:${started.getMappedPort(PORT)}?tls=false`,
    kind: "real",
    stop: async () => {
      await started.stop();
    },
  };
}
