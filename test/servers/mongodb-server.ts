import { MongoClient } from "mongodb";
import { GenericContainer, Wait } from "testcontainers";
import { dockerAnswers, startContainer } from "./docker.ts";
import { FerretProcess, ferretProgram } from "./ferret-process.ts";
import type { TestServer } from "./test-server.ts";

const IMAGE = "mongo:7";
const PORT = 27_017;
/** Makes a replica set of one, and waits until it takes writes: before that it refuses even reads. */
const INITIATE = "rs.initiate(); while (!db.hello().isWritablePrimary) sleep(50)";

/** A MongoDB: the one that TEST_MONGODB_URL names, else one in a container, else FerretDB in its stead. */
export async function mongoDbServer(): Promise<TestServer> {
  const url = process.env["TEST_MONGODB_URL"];
  if (url) return { url, kind: await kindOf(url), stop: () => Promise.resolve() };
  const container = (await dockerAnswers()) ? await replicaSet() : { missing: "no Docker engine answers" };
  if (!("missing" in container)) return container;
  const program = ferretProgram();
  if (program === null) {
    return {
      missing: `no MongoDB: TEST_MONGODB_URL is not set, ${container.missing} and ferretdb is not installed`,
    };
  }
  const ferret = await FerretProcess.start(program);
  return { url: ferret.url, kind: "FerretDB", stop: () => ferret[Symbol.asyncDispose]() };
}

/** A replica set of one, since only that keeps what it acknowledged with a majority. */
async function replicaSet(): Promise<TestServer> {
  const container = await startContainer(
    new GenericContainer(IMAGE)
      .withCommand(["--replSet", "rs0"])
      .withExposedPorts(PORT)
      .withWaitStrategy(Wait.forLogMessage("Waiting for connections")),
  );
  if ("missing" in container) return container;
  const { started } = container;
  const { exitCode, output } = await started.exec(["mongosh", "--quiet", "--eval", INITIATE]);
  if (exitCode !== 0) throw new Error(`the replica set was not made: ${output}`);
  return {
    url: `mongodb://${started.getHost()}:${started.getMappedPort(PORT)}/?directConnection=true`,
    kind: "real",
    stop: async () => {
      await started.stop();
    },
  };
}

/** What answers at the URL: somebody's FerretDB proves no more than one of our own. */
async function kindOf(url: string): Promise<"real" | "FerretDB"> {
  const client = new MongoClient(url);
  try {
    return "ferretdbVersion" in (await client.db().command({ buildInfo: 1 })) ? "FerretDB" : "real";
  } finally {
    await client.close();
  }
}

/** The URL with another database. */
export function withDatabase(url: string, database: string): string {
  const [, server = url, options = ""] = /^(mongodb(?:\+srv)?:\/\/[^/?]+)\/?[^?]*(\?.*)?$/.exec(url) ?? [];
  return `${server}/${database}${options}`;
}
