import { describe, expect, it } from "vitest";
import { readAddress } from "../../../../../src/projections/store/mongodb/server-address.ts";

describe("the address of MongoDB", () => {
  it.each([
    ["mongodb://mongo", "webhook_gateway"],
    ["mongodb://mongo/", "webhook_gateway"],
    ["mongodb://mongo/?replicaSet=rs0", "webhook_gateway"],
    ["mongodb://a:b@one:1,two:2/models?replicaSet=rs0", "models"],
    ["mongodb://mongo/mod%C3%A8les", "modèles"],
    ["mongodb+srv://mongo.example/models", "models"],
  ])("%j means the database %s", (url, database) => {
    expect(readAddress(url).database).toBe(database);
  });

  it("cannot weaken what the port promises, nor how soon a call ends", () => {
    const weak = "w=0&journal=false&readPreference=secondary&serverSelectionTimeoutMS=600000&connectTimeoutMS=600000";
    const { options } = readAddress(`mongodb://mongo/?${weak}&heartbeatFrequencyMS=600000&maxPoolSize=1000`).client;
    expect(options.writeConcern).toMatchObject({ w: "majority", journal: true });
    expect(options.readPreference.mode).toBe("primary");
    for (const ms of [options.serverSelectionTimeoutMS, options.connectTimeoutMS, options.heartbeatFrequencyMS]) {
      expect(ms).toBeLessThanOrEqual(3_000);
    }
    expect(options.maxPoolSize).toBeLessThan(100);
  });

  it("keeps what it says of the way to the server", () => {
    const { options } = readAddress("mongodb://mongo/?replicaSet=rs0&tls=true").client;
    expect(options).toMatchObject({ replicaSet: "rs0", tls: true });
  });
});
