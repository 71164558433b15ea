import { cpus } from "node:os";
import { benchCompare } from "./compare.ts";
import { benchDeliver } from "./deliver.ts";
import { benchDispatch } from "./dispatch.ts";
import { benchFind } from "./find.ts";
import { benchLargeLog } from "./large-log.ts";
import { benchRebuild } from "./rebuild.ts";
import { say } from "./report.ts";
import { benchServers } from "./servers.ts";
import { benchTransfer } from "./transfer.ts";
import { benchViews } from "./views.ts";

/**
 * `npm run bench [-- dispatch|deliver|find|large-log|rebuild|views|transfer|servers|compare …]`: all of it, or what is named. Compares within one run
 * only; `compare` takes BENCH_BASE, an earlier revision, and so may `transfer` and `servers`.
 */
const parts = {
  dispatch: benchDispatch,
  find: benchFind,
  deliver: benchDeliver,
  "large-log": benchLargeLog,
  rebuild: benchRebuild,
  views: benchViews,
  transfer: benchTransfer,
  servers: benchServers,
  compare: benchCompare,
};
const named = process.argv.slice(2);
const unknown = named.find((name) => !Object.hasOwn(parts, name));
if (unknown !== undefined) {
  process.stderr.write(`there is no benchmark ${unknown}; there are ${Object.keys(parts).join(", ")}\n`);
  process.exit(1);
}
say(`node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? "unknown processor"}`);
for (const [name, bench] of Object.entries(parts)) if (named.length === 0 || named.includes(name)) await bench();
