import { randomBytes, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { deriveSecrets } from "../../src/secrets/secrets.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { filesIn, missing, strayed } from "../fixtures/secret-search.ts";
import type { Place, Secret } from "../fixtures/secret-search.ts";
import { exchange } from "../http/raw-http.ts";
import { Instances, SERVER_KEYS } from "./instances.ts";
import { until } from "../fixtures/until.ts";

/** Says everything that it has to say, and does not wait long. */
const ENV = { LOG_LEVEL: "trace", DELIVERY_TIMEOUT_MS: "2000", RETRY_UNIT_SECONDS: "0.2", RETRY_TICK_SECONDS: "0.2" };

/** A word that is nowhere by chance. */
const madeUp = (what: string): string => `${what}-${randomBytes(12).toString("hex")}`;

/** Where what a client stores is kept: the log, and what shows it to its owner. */
const STORED = "events\\.sqlite|read-models\\.sqlite";
const IN_NO_REPLY_BUT = (replies: string): RegExp => new RegExp(`events\\.sqlite|^reply to ${replies}`);

/** A client whose every reply is kept, with its status and headers, to be searched. */
class Conversation {
  readonly places: Place[] = [];
  address = "";

  async ask(line: string, headers: Record<string, string> = {}, body?: string): Promise<Response> {
    const [method = "", path = ""] = line.split(" ");
    const reply = await fetch(this.address + path, {
      method,
      headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
      ...(body !== undefined && { body }),
    });
    const text = await reply.clone().text();
    this.#keep(line, `${reply.status} ${JSON.stringify([...reply.headers])}\n${text}`);
    return reply;
  }

  /** Sends what no client library would, until the server closes. */
  async sendRaw(what: string, text: string): Promise<void> {
    const replies = await exchange(Number(new URL(this.address).port), text);
    this.#keep(what, JSON.stringify(replies));
  }

  async createUser(username: string, email: string): Promise<string> {
    const reply = await this.ask("POST /v1/users", {}, JSON.stringify({ username, email }));
    return ((await reply.json()) as { api_key: string }).api_key;
  }

  async createEndpoint(key: string, url: string): Promise<number> {
    const body = JSON.stringify({ url, nickname: "an endpoint" });
    return ((await (await this.ask("POST /v1/endpoints", { "x-api-key": key }, body)).json()) as { id: number }).id;
  }

  /** The endpoint's secret as its owner sees it, `whsec_…`; `rotate` makes it a new one. */
  async secretOf(key: string, endpoint: number, rotate = false): Promise<string> {
    const path = `/v1/endpoints/${endpoint}/secret`;
    const reply = await this.ask(rotate ? `POST ${path}/rotate` : `GET ${path}`, { "x-api-key": key });
    return ((await reply.json()) as { secret: string }).secret;
  }

  async dispatch(
    key: string,
    endpoint: number,
    payload: string,
    headers: Record<string, string> = {},
  ): Promise<string> {
    const body = `{"endpoint_id":${endpoint},"payload":${payload}}`;
    const reply = await this.ask("POST /v1/dispatch", { "x-api-key": key, ...headers }, body);
    return reply.headers.get("x-delivery-id") ?? "";
  }

  async untilFinal(key: string, delivery: string): Promise<void> {
    await until("the delivery to be final", async () => {
      const reply = await this.ask(`GET /v1/deliveries/${delivery}`, { "x-api-key": key });
      return reply.status === 200 && ((await reply.json()) as { status: string }).status !== "PENDING";
    });
  }

  /** Shows everything there is. */
  async look(key: string, delivery: string): Promise<void> {
    const own = { "x-api-key": key };
    for (const path of [
      "/v1/users/me",
      "/v1/deliveries",
      `/v1/deliveries/${delivery}`,
      `/v1/deliveries/${delivery}/payload`,
    ])
      await this.ask(`GET ${path}`, own);
    for (const path of ["/livez", "/readyz", "/metrics", "/v1/ping", "/v1/nothing"]) await this.ask(`GET ${path}`);
  }

  #keep(line: string, text: string): void {
    this.places.push({ name: `reply to ${line}`, bytes: Buffer.from(text) });
  }
}

/** Everything that a client can get wrong with a secret in it. */
async function misuse(client: Conversation, secret: string): Promise<void> {
  const json = JSON.stringify(secret);
  const own = { "x-api-key": secret };
  await client.ask("GET /v1/users/me", { authorization: `Bearer ${secret}` });
  await client.ask("GET /v1/users/me", { "x-api-key": `${secret}${secret}` });
  await client.ask("GET /v1/users/me", { "x-api-key": `${secret}, ${secret}` });
  await client.ask(`GET /v1/users/me?api_key=${secret}`);
  await client.ask(`GET /v1/${secret}`);
  await client.ask(`DELETE /v1/users/me/${secret}?key=${secret}`, own);
  await client.ask(`GET /v1/deliveries/${secret}`, own);
  await client.ask(`GET /v1/deliveries?cursor=${secret}&status=${secret}&limit=${secret}`, own);
  await client.ask("POST /v1/users", own, `{"username":"somebody","api_key":${json}}`);
  await client.ask("POST /v1/users", own, `{"username":${json},"email":${json}}`);
  await client.ask("POST /v1/users", own, `{"username":${json}`);
  await client.ask("POST /v1/endpoints", own, `{"url":${json},"nickname":${json}}`);
  await client.ask("POST /v1/endpoints", own, `{"url":"http://127.0.0.1/?key=${secret}","nickname":"an endpoint"}`);
  await client.ask("POST /v1/endpoints", own, `{${json}:${json}}`);
  await client.ask("POST /v1/dispatch", own, `{"endpoint_id":${json},"payload":${json}}`);
  await client.ask("POST /v1/dispatch", own, `{"endpoint_id":999,"payload":{"key":${json}}}`);
  await client.ask("POST /v1/dispatch", { ...own, "idempotency-key": `not visible ${secret}` }, "{}");
  await client.ask("POST /v1/dispatch", { ...own, "content-type": secret }, json);
  await client.sendRaw(
    "a broken request line",
    `GET /v1/ping?${secret} NONSENSE ${secret}\r\nX-API-Key: ${secret}\r\n\r\n`,
  );
  await client.sendRaw("a broken header", `GET /v1/ping HTTP/1.1\r\nHost: a\r\nX-API-Key ${secret}\r\n\r\n`);
  await client.sendRaw("a path that is no UTF-8", `GET /v1/%ff${secret} HTTP/1.1\r\nConnection: close\r\n\r\n`);
  await client.sendRaw(
    "a head that is too large",
    `GET /v1/ping HTTP/1.1\r\nX-API-Key: ${secret}\r\nX: ${secret.repeat(2_000)}\r\n\r\n`,
  );
}

/** What a process wrote. */
function outputsOf(gateway: GatewayProcess, name: string): readonly Place[] {
  return [
    { name: `standard output of ${name}`, bytes: Buffer.from(gateway.stdout) },
    { name: `standard error of ${name}`, bytes: Buffer.from(gateway.stderr) },
  ];
}

/** What a gateway says that must not start. */
async function refusalOf(directory: string, env: Readonly<Record<string, string>>): Promise<readonly Place[]> {
  await using gateway = GatewayProcess.spawn(directory, env);
  await expect(gateway.ready).rejects.toThrow("cannot start");
  await gateway.exited;
  return outputsOf(gateway, `a start with another ${Object.keys(env).join()}`);
}

it.concurrent(
  "of a whole life with the embedded stores, no secret is anywhere but where it belongs",
  { timeout: 120_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(new TemporaryFolder());
    const answers = [madeUp("answer"), madeUp("refusal")] as const;
    const receiver = stack.adopt(await startReceiver(respondWith(200, answers[0])), (it) => it.close());
    const places: Place[] = [];
    const client = new Conversation();
    const [emails, payloads] = [
      ["alice", "bobby"].map((name) => `${madeUp(name)}@example.com`),
      ["first", "second", "refused", "held"].map(madeUp),
    ];
    const [first = "", second = "", refused = "", held = ""] = payloads;
    const idempotencyKeys = [madeUp("order"), madeUp("order")] as const;
    const [token, password, unknownKey] = [madeUp("token"), madeUp("password"), randomUUID()];

    let gateway = stack.use(await GatewayProcess.start(folder.path, ENV));
    client.address = await gateway.ready;
    const keyFile = (name: string): string => readFileSync(join(folder.path, name), "utf8").trim();
    const [master, operator, auditor] = ["master.key", "operator.key", "auditor.key"].map(keyFile);
    const username = `user_${randomBytes(5).toString("hex")}`;
    const alice = await client.createUser(username, emails[0]!);
    const bob = await client.createUser("bobby", emails[1]!);
    const url = receiver.url(`/hook?access_token=${token}`);
    await client.createEndpoint(alice, url.replace("//", `//hook:${password}@`));
    const endpoint = await client.createEndpoint(alice, url);
    const signing = [await client.secretOf(alice, endpoint), await client.secretOf(alice, endpoint, true)];
    const path = `/v1/endpoints/${endpoint}`;
    const credentials = [madeUp("credential"), madeUp("rejected")] as const;
    for (const value of [credentials[0], `${credentials[1]}\n`]) {
      await client.ask(`PATCH ${path}`, { "x-api-key": alice }, JSON.stringify({ headers: { authorization: value } }));
    }
    await client.ask(`POST ${path}/disable`, { "x-api-key": alice });
    await client.ask(`POST ${path}/enable`, { "x-api-key": alice });
    await client.ask("GET /v1/endpoints", { "x-api-key": alice });
    // Nobody else's.
    await client.ask(`GET ${path}`, { "x-api-key": bob });
    await client.secretOf(bob, endpoint);
    await client.secretOf(bob, endpoint, true);

    const delivery = await client.dispatch(alice, endpoint, `{"card":"${first}"}`, {
      "idempotency-key": idempotencyKeys[0],
    });
    await client.dispatch(alice, endpoint, `{"card":"${first}"}`, { "idempotency-key": idempotencyKeys[0] });
    await client.dispatch(alice, endpoint, `{"card":"${refused}"}`, { "idempotency-key": idempotencyKeys[0] });
    await client.dispatch(bob, endpoint, `{"card":"${refused}"}`, { "idempotency-key": idempotencyKeys[1] });
    await client.untilFinal(alice, delivery);
    receiver.answer(respondWith(500, answers[1]));
    await client.untilFinal(alice, await client.dispatch(alice, endpoint, `{"card":"${second}"}`));
    for (const secret of [alice, bob, operator!, auditor!, unknownKey, ...signing]) await misuse(client, secret);
    await client.look(alice, delivery);

    // A crash with an attempt under way, and a dispatch without an answer.
    receiver.answer(() => undefined);
    const seen = receiver.requests.length;
    await client.dispatch(alice, endpoint, `{"card":"${held}"}`);
    await receiver.received(seen + 1);
    await gateway.kill9();
    places.push(...outputsOf(gateway, "the first process"), ...filesIn(folder.path, "after the crash:"));

    receiver.answer(respondWith(200, answers[0]));
    const otherMaster = randomBytes(32).toString("base64");
    places.push(...(await refusalOf(folder.path, { MASTER_KEY: otherMaster })));
    const wrongKeys = [{ OPERATOR_API_KEY: password }, { AUDITOR_API_KEY: operator!, OPERATOR_API_KEY: operator! }];
    places.push(...(await Promise.all(wrongKeys.map((keys) => refusalOf(folder.path, keys)))).flat());
    gateway = stack.use(await GatewayProcess.start(folder.path, ENV));
    client.address = await gateway.ready;
    await receiver.received(seen + 2);
    await client.look(alice, delivery);
    await misuse(client, alice);
    expect(await gateway.terminate()).toBe(0);
    places.push(...outputsOf(gateway, "the second process"), ...filesIn(folder.path, "after the stop:"));
    places.push(...client.places);

    const derived = deriveSecrets(master!);
    const showsUrl = /^reply to ((POST|PATCH|GET) \/v1\/endpoints|GET \/v1\/(users\/me|deliveries))/;
    const secrets: Secret[] = [
      { name: "the master key", value: master!, belongsIn: /master\.key$/ },
      { name: "the bytes of the master key", value: Buffer.from(master!, "base64"), belongsIn: /master\.key$/ },
      { name: "the key of reservations", value: derived.reservations },
      { name: "the key of cursors", value: derived.cursors },
      { name: "the key that seals", value: derived.sealing },
      { name: "the key of endpoints without keys of their own", value: derived.legacyEndpointKeys },
      ...signing.flatMap((secret, index) => [
        {
          name: `secret ${index + 1} of the endpoint`,
          value: secret.slice("whsec_".length),
          belongsIn: /^reply to (GET|POST) \/v1\/endpoints\/\d+\/secret/,
        },
        {
          name: `the bytes of secret ${index + 1} of the endpoint`,
          value: Buffer.from(secret.slice("whsec_".length), "base64"),
          belongsIn: /^reply to (GET|POST) \/v1\/endpoints\/\d+\/secret/,
        },
      ]),
      {
        name: "a header that the endpoint's owner chose",
        value: credentials[0],
        belongsIn: /^reply to (PATCH|GET|POST) \/v1\/endpoints(\/\d+(\/(dis|en)able)?)?$/,
      },
      { name: "a header that was refused", value: credentials[1] },
      { name: "another master key", value: otherMaster },
      { name: "the operator's key", value: operator!, belongsIn: /operator\.key$/ },
      { name: "the auditor's key", value: auditor!, belongsIn: /auditor\.key$/ },
      { name: "Alice's key", value: alice, belongsIn: /^reply to POST \/v1\/users$/ },
      { name: "Bob's key", value: bob, belongsIn: /^reply to POST \/v1\/users$/ },
      { name: "a key that nobody has", value: unknownKey },
      { name: "a password in a URL that was refused", value: password },
      ...idempotencyKeys.map((value) => ({ name: "an Idempotency-Key", value })),
      { name: "a payload that was refused", value: refused },
      { name: "the first payload", value: first, belongsIn: IN_NO_REPLY_BUT("GET /v1/deliveries/[^/]+/payload$") },
      { name: "the second payload", value: second, belongsIn: /events\.sqlite/ },
      { name: "the payload of the crash", value: held, belongsIn: /events\.sqlite/ },
      // What is no secret from its owner is all the same nobody's business who reads the program's output.
      { name: "what is in an endpoint's URL", value: token, belongsIn: new RegExp(`${STORED}|${showsUrl.source}`) },
      ...answers.map((value) => ({
        name: "a receiver's answer",
        value,
        belongsIn: new RegExp(`${STORED}|^reply to GET /v1/deliveries`),
      })),
      { name: "a username", value: username, belongsIn: new RegExp(`${STORED}|users/me$`) },
      ...emails.map((value) => ({ name: "an e-mail address", value, belongsIn: new RegExp(`${STORED}|users/me$`) })),
    ];
    expect(places.some(({ name }) => name.endsWith("events.sqlite-wal"))).toBe(true);
    expect(strayed(secrets, places)).toEqual([]);
    expect(missing(secrets, places)).toEqual([]);
  },
);

// Beside the first: it waits for the server that is gone for most of its time.
it.concurrent(
  "with the log on a server, neither its password nor the keys that were set are anywhere",
  { timeout: 120_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
    const instances = stack.use(await Instances.start());
    const password = madeUp("password");
    const folder = stack.use(new TemporaryFolder());
    const eventStoreUrl = instances.log.url.replace("//", `//admin:${password}@`);
    const keys = { ...SERVER_KEYS, MASTER_KEY: randomBytes(32).toString("base64") };
    const env = { ...ENV, ...keys, EVENTSTORE_URL: eventStoreUrl };
    const client = new Conversation();
    const places: Place[] = [];

    const gateway = stack.use(await GatewayProcess.start(folder.path, env));
    client.address = await gateway.ready;
    const alice = await client.createUser("alice", "alice@example.com");
    const endpoint = await client.createEndpoint(alice, receiver.url());
    const delivery = await client.dispatch(alice, endpoint, '{"a":1}');
    await client.untilFinal(alice, delivery);

    // Troubles of a server are what errors are made of.
    await instances.log.kill9();
    await until("the outage to be seen", async () => (await client.ask("GET /readyz")).status === 503);
    // Each of these waits for the server as long as it may.
    const [refused] = await Promise.all([
      refusalOf(folder.path, { ...env, DATA_DIR: join(folder.path, "another") }),
      client.dispatch(alice, endpoint, '{"a":2}'),
      client.look(alice, delivery),
    ]);
    places.push(...refused);
    await instances.restartLog();
    await until("the server to be back", async () => (await client.ask("GET /readyz")).status === 200);
    await client.dispatch(alice, endpoint, '{"a":3}');
    await misuse(client, keys.OPERATOR_API_KEY);
    expect(await gateway.terminate()).toBe(0);

    const nowhere = { MONGODB_URL: `mongodb://gateway:${password}@127.0.0.1:1/?serverSelectionTimeoutMS=500` };
    const wrongServers = [
      { ...env, ...nowhere },
      { ...env, EVENTSTORE_URL: `http://admin:${password}@127.0.0.1` },
    ];
    places.push(...(await Promise.all(wrongServers.map((server) => refusalOf(folder.path, server)))).flat());
    places.push(...outputsOf(gateway, "the gateway"), ...filesIn(folder.path, "at last:"), ...client.places);

    const secrets: Secret[] = [
      { name: "the server's password", value: password },
      { name: "the credentials of the server", value: `admin:${password}` },
      { name: "the master key", value: keys.MASTER_KEY },
      { name: "the bytes of the master key", value: Buffer.from(keys.MASTER_KEY, "base64") },
      { name: "the operator's key", value: keys.OPERATOR_API_KEY },
      { name: "the auditor's key", value: keys.AUDITOR_API_KEY },
      { name: "Alice's key", value: alice, belongsIn: /^reply to POST \/v1\/users$/ },
    ];
    expect(strayed(secrets, places)).toEqual([]);
    expect(missing(secrets, places)).toEqual([]);
    expect(gateway.stdout).toContain("the event log's server cannot be reached");
  },
);
