import { afterAll, describe, it } from "vitest";
import { auditedGateway } from "../end-to-end/audited-gateway.ts";
import { Instances } from "../end-to-end/instances.ts";
import { movedLog } from "../end-to-end/moved-log.ts";
import { rebuiltOnAServer } from "../end-to-end/rebuilt-while-serving.ts";
import { severalInstances } from "../end-to-end/several-instances.ts";
import { sharedDatabase } from "../end-to-end/shared-database.ts";
import { FAST, toldByAServer } from "../end-to-end/told-delivery.ts";
import { eventStoreDbServer } from "./eventstoredb-server.ts";

const NAME = "a real EventStoreDB";
const SUITES: Readonly<
  Record<string, (start: (env?: Readonly<Record<string, string>>) => Promise<Instances>) => void>
> = {
  "several instances": (start) => severalInstances(NAME, start),
  "a database that is shared": (start) => sharedDatabase(NAME, start),
  "a log that moves there and back": (start) => movedLog(NAME, start),
  "the audit routes": (start) => auditedGateway(NAME, start),
  "a replay": (start) => toldByAServer(NAME, () => start(FAST)),
  "a rebuild while it serves": (start) => rebuiltOnAServer(NAME, start),
};

const server = await eventStoreDbServer();

if ("missing" in server) {
  describe(`gateways on ${NAME}`, () => {
    for (const suite of Object.keys(SUITES)) it(suite, ({ skip }) => skip(server.missing));
  });
} else {
  afterAll(() => server.stop());
  // Each test has a log under a prefix of its own; what else is in the database is nobody's business.
  for (const suite of Object.values(SUITES)) suite((env) => Instances.on(server.url, env));
}
