import { createServer } from "node:http";

/**
 * A fast receiver on 127.0.0.2. It counts what `n` each payload has, and answers `GET /arrivals` with the time at which
 * each came (ms since the epoch, with fractions), the number of repetitions, and the time of the last one.
 */
const arrivals = new Map<number, number>();
let repeated = 0;
const server = createServer((request, response) => {
  if (request.method === "GET") {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ repeated, arrivals: [...arrivals] }));
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
