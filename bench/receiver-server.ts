import { createServer } from "node:http";

/**
 * A fast receiver on 127.0.0.2. It notes what `n` each payload has, and answers `GET /count` with how many different ones
 * came, and `GET /arrivals` with the time of each (ms since the epoch, with fractions) and the number of repetitions.
 */
const arrivals = new Map<number, number>();
let repeated = 0;
const server = createServer((request, response) => {
  if (request.method === "GET") {
    response.setHeader("content-type", "application/json");
    const told = request.url === "/count" ? { count: arrivals.size } : { repeated, arrivals: [...arrivals] };
    response.end(JSON.stringify(told));
    return;
  }
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const { n } = JSON.parse(Buffer.concat(chunks).toString()) as { n: number };
    if (arrivals.has(n)) repeated++;
    else arrivals.set(n, performance.timeOrigin + performance.now());
    response.end();
  });
});
server.listen(0, "127.0.0.2", () => {
  const address = server.address();
  const port = typeof address === "object" ? address?.port : null;
  process.stdout.write(`${JSON.stringify({ address: `http://127.0.0.2:${port}` })}\n`);
});
process.once("SIGTERM", () => {
  server.closeAllConnections();
  server.close();
});
