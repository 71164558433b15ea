import { GenericContainer, Wait } from "testcontainers";
import { dockerAnswers } from "./docker.ts";
import { FerretProcess, ferretProgram } from "./ferret-process.ts";
import type { TestServer } from "./test-server.ts";

const IMAGE = "mongo:7";
const PORT = 27_017;

/** A MongoDB: the one that TEST_MONGODB_URL names, else one in a container, else FerretDB in its stead. */
export async function mongoDbServer(): Promise<TestServer> {
  const url = process.env["TEST_MONGODB_URL"];
  if (url) return { url, kind: "real", stop: () => Promise.resolve() };
  if (await dockerAnswers()) return startContainer();
  const program = ferretProgram();
  if (program === null) {
    return {
      missing: "no MongoDB: TEST_MONGODB_URL is not set, no Docker engine answers and ferretdb is not installed",
    };
  }
  const ferret = await FerretProcess.start(program);
  return { url: ferret.url, kind: "FerretDB", stop: () => ferret[Symbol.asyncDispose]() };
}

/** A replica set of one, since only that keeps what it acknowledged with a majority. */
async function startContainer(): Promise<TestServer> {
  const container = await new GenericContainer(IMAGE)
    .withCommand(["--replSet", "rs0"])
    .withExposedPorts(PORT)
    .withWaitStrategy(Wait.forLogMessage("Waiting for connections"))
    .start();
  await container.exec(["mongosh", "--quiet", "--eval", "rs.initiate()"]);
  return {
    url: `mongodb://${container.getHost()}:${container.getMappedPort(PORT)}/?directConnection=true`,
    kind: "real",
    stop: async () => {
      await container.stop();
    },
  };
}

/** The URL with another database. */
export function withDatabase(url: string, database: string): string {
  const [, server = url, options = ""] = /^(mongodb(?:\+srv)?:\/\/[^/?]+)\/?[^?]*(\?.*)?$/.exec(url) ?? [];
  return `${server}/${database}${options}`;
}
