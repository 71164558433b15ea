import { auditedGateway } from "./audited-gateway.ts";
import { Instances } from "./instances.ts";
import { sharedDatabase } from "./shared-database.ts";

sharedDatabase("the tests' own server", () => Instances.start());
auditedGateway("the tests' own server", () => Instances.start());
