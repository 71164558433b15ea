import { Instances } from "./instances.ts";
import { severalInstances } from "./several-instances.ts";

severalInstances("one log", (env) => Instances.start(env));
