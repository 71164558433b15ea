import "reflect-metadata";
import { env } from "node:process";
import fc from "fast-check";

/** In CI every run tries the same inputs, so that what fails there fails again. Elsewhere each run tries others. */
if (env["CI"] !== undefined) fc.configureGlobal({ seed: 20_260_301 });
