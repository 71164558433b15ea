import fastify from "fastify";

/** The baseline: a bare fastify that takes the same body and answers 202 with nothing done. */
const app = fastify();
app.post("/v1/dispatch", (_request, reply) => reply.code(202).send());
process.stdout.write(`${JSON.stringify({ address: await app.listen({ host: "127.0.0.1", port: 0 }) })}\n`);
process.once("SIGTERM", () => void app.close());
