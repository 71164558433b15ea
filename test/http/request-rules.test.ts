import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { ask, expectBroken, expectError, newEndpoint, newUser, standingClock } from "./asking.ts";
import type { Reply } from "./asking.ts";

const BLANK_USERNAME = "username must not be blank";
const SPACES = "username must not contain spaces";
const USERNAME_LENGTH = "username must be between 5 and 16 characters";
const LETTERS = "username must only contain letters, numbers and underscores";
const EMAIL = "email must be a valid email address";

const BLANK_NICKNAME = "nickname must not be blank";
const NICKNAME_LENGTH = "nickname must be between 6 and 30";
const BLANK_URL = "url must not be blank";
const NO_URL = "url must be a valid URL";
const SCHEME = "url must be http or https";
const LOCAL = "url must not point to a local address";

const ENDPOINT_ID = "endpoint_id must be greater than 0";
const PAYLOAD = "payload must not be empty";
const NO_OBJECT = "payload must be a JSON object";

/** A body as it is written, and all that is said of it, in order. */
type Broken = readonly [body: string, ...messages: string[]];

const USERS: readonly Broken[] = [
  ["{}", BLANK_USERNAME],
  ['{"username":null}', BLANK_USERNAME],
  ['{"username":""}', BLANK_USERNAME],
  ['{"username":" \\t\\n\\u00a0 "}', BLANK_USERNAME],
  ['{"username":"","email":"nowhere","x":1}', BLANK_USERNAME],
  ['{"username":"abc def"}', SPACES, LETTERS],
  ['{"username":"a b"}', SPACES, USERNAME_LENGTH, LETTERS],
  ['{"username":"abcde\\t"}', SPACES, LETTERS],
  ['{"username":"abcd"}', USERNAME_LENGTH],
  ['{"username":"abcdefghijklmnopq"}', USERNAME_LENGTH],
  ['{"username":"abc-def"}', LETTERS],
  ['{"username":"müller"}', LETTERS],
  ['{"username":"adm\\u0131n"}', LETTERS],
  ['{"username":"a!"}', USERNAME_LENGTH, LETTERS],
  ['{"username":"abcdef\\n"}', SPACES, LETTERS],
  ['{"username":"abc\\u00a0def"}', LETTERS],
  ['{"username":"abcde\\u2003"}', LETTERS],
  ['{"username":12345}', "username must be a string"],
  ['{"username":["abcde"]}', "username must be a string"],
  ['{"username":"abcde","email":""}', EMAIL],
  ['{"username":"abcde","email":"nowhere"}', EMAIL],
  ['{"username":"abcde","email":"a@localhost"}', EMAIL],
  ['{"username":"abcde","email":"a b@example.com"}', EMAIL],
  ['{"username":"abcde","email":"a@example.com\\r\\nBcc: b@example.com"}', EMAIL],
  ['{"username":"abcde","email":7}', "email must be a string"],
  ['{"username":"a b","email":"nowhere"}', SPACES, USERNAME_LENGTH, LETTERS, EMAIL],
  ['{"username":"abcde","admin":true}', 'unknown field "admin"'],
  ['{"username":"abcd","admin":true,"id":1}', USERNAME_LENGTH, 'unknown field "admin"', 'unknown field "id"'],
  ['{"Username":"abcde"}', BLANK_USERNAME],
];

const ENDPOINTS: readonly Broken[] = [
  ["{}", BLANK_NICKNAME],
  ['{"nickname":" ","url":"nothing"}', BLANK_NICKNAME],
  ['{"nickname":null,"url":"http://127.0.0.1"}', BLANK_NICKNAME],
  ['{"url":"https://example.com","x":1}', BLANK_NICKNAME],
  ['{"nickname":"short"}', NICKNAME_LENGTH, BLANK_URL],
  ['{"url":"","nickname":"short"}', NICKNAME_LENGTH, BLANK_URL],
  ['{"url":"nothing","nickname":"short"}', NICKNAME_LENGTH, NO_URL],
  [`{"url":"https://example.com","nickname":"${"n".repeat(31)}"}`, NICKNAME_LENGTH],
  ['{"nickname":"half a \\ud83d","url":"https://example.com"}', "nickname must be well-formed Unicode"],
  ['{"nickname":"a NUL \\u0000 in it","url":"https://example.com"}', "nickname must be well-formed Unicode"],
  ['{"nickname":"long enough","url":"https://example.com/\\udc00"}', NO_URL],
  ['{"nickname":7,"url":7}', "nickname must be a string", "url must be a string"],
  ['{"nickname":"long enough","url":null}', BLANK_URL],
  ['{"nickname":"long enough","url":" \\n"}', BLANK_URL],
  ['{"nickname":"long enough","url":"nothing"}', NO_URL],
  ['{"nickname":"long enough","url":"http://"}', NO_URL],
  ['{"nickname":"long enough","url":" https://example.com"}', NO_URL],
  ['{"nickname":"long enough","url":"ftp://example.com"}', SCHEME],
  ['{"nickname":"long enough","url":"javascript:alert(1)"}', SCHEME],
  ['{"nickname":"long enough","url":"http://localhost"}', LOCAL],
  ['{"nickname":"long enough","url":"http://127.0.0.1:8080/a"}', LOCAL],
  ['{"nickname":"long enough","url":"http://2130706433/"}', LOCAL],
  ['{"nickname":"long enough","url":"http://[::ffff:10.0.0.1]/"}', LOCAL],
  ['{"nickname":"long enough","url":"http://169.254.169.254/latest/meta-data"}', LOCAL],
  ['{"nickname":"long enough","url":"http://127.0.0.1","user_id":2}', LOCAL, 'unknown field "user_id"'],
];

const DISPATCHES: readonly Broken[] = [
  ["{}", ENDPOINT_ID, PAYLOAD],
  ['{"payload":{},"endpoint_id":0}', ENDPOINT_ID, PAYLOAD],
  ['{"payload":null,"endpoint_id":null}', ENDPOINT_ID, PAYLOAD],
  ['{"payload":{"a":1}}', ENDPOINT_ID],
  ['{"endpoint_id":-1,"payload":{"a":1}}', ENDPOINT_ID],
  ['{"endpoint_id":1}', PAYLOAD],
  ['{"endpoint_id":1,"payload":{ \\n }}'.replace("\\n", "\n"), PAYLOAD],
  ['{"endpoint_id":1,"payload":{"a":1},"payload":{}}', PAYLOAD],
  ['{"endpoint_id":1,"payload":[1]}', NO_OBJECT],
  ['{"endpoint_id":1,"payload":"{\\"a\\":1}"}', NO_OBJECT],
  ['{"endpoint_id":1,"payload":false}', NO_OBJECT],
  ['{"endpoint_id":"0","payload":{"a":1}}', ENDPOINT_ID],
  ['{"endpoint_id":"-1","payload":{"a":1}}', ENDPOINT_ID],
  ['{"endpoint_id":"abc","payload":{"a":1}}', "endpoint_id must be an integer"],
  ['{"endpoint_id":" 4","payload":{"a":1}}', "endpoint_id must be an integer"],
  ['{"endpoint_id":"1.0","payload":{"a":1}}', "endpoint_id must be an integer"],
  ['{"endpoint_id":"+4","payload":{"a":1}}', "endpoint_id must be an integer"],
  ['{"endpoint_id":"","payload":{"a":1}}', "endpoint_id must be an integer"],
  ['{"endpoint_id":1.5,"payload":{"a":1}}', "endpoint_id must be an integer"],
  ['{"endpoint_id":1e400,"payload":{"a":1}}', "endpoint_id must be an integer"],
  ['{"endpoint_id":9007199254740993,"payload":7}', "endpoint_id must be at most 9007199254740991", NO_OBJECT],
  ['{"endpoint_id":0,"payload":{},"x":1}', ENDPOINT_ID, PAYLOAD, 'unknown field "x"'],
];

describe("the rules of a body, with their exact messages in order", () => {
  let gateway: Gateway;
  let key: string;
  beforeAll(async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false });
    key = await newUser(gateway);
  });
  afterAll(() => gateway.stop());

  it.each(USERS)("refuses the user %s", async (body, ...messages) => {
    expectBroken(await ask(gateway, "POST /v1/users", { body }), ...messages);
  });

  it.each(ENDPOINTS)("refuses the endpoint %s", async (body, ...messages) => {
    expectBroken(await ask(gateway, "POST /v1/endpoints", { key, body }), ...messages);
  });

  it.each(DISPATCHES)("refuses the dispatch %s", async (body, ...messages) => {
    expectBroken(await ask(gateway, "POST /v1/dispatch", { key, body }), ...messages);
  });

  it("takes the id of an endpoint as text, as the number that it is", async () => {
    const endpoint = await newEndpoint(gateway, key);
    const dispatched = (id: string): Promise<Reply> =>
      ask(gateway, "POST /v1/dispatch", { key, body: `{"endpoint_id":"${id}","payload":{"a":1}}` });
    for (const id of [`${endpoint}`, `0${endpoint}`]) {
      const reply = await dispatched(id);
      expect(reply.status).toBe(202);
      const delivery = await ask(gateway, `GET ${String(reply.headers["location"])}`, { key });
      expect(delivery.json()).toMatchObject({ endpoint_id: endpoint });
    }
    expectError(await dispatched("7000"), 404, "Endpoint with id 7000 not found");
  });

  it("takes what is just within the rules", async () => {
    for (const username of ["abcde", "ABCDE", "a_b_c", "12345", "_____", "abcdefghijklmnop"]) {
      expect((await ask(gateway, "POST /v1/users", { body: { username } })).status, username).toBe(201);
    }
    const nicknames = ["sixsix", "n".repeat(30), "with spaces in it", "漢字かな漢字"];
    const urls = [
      "http://example.com",
      "https://8.8.8.8:8443/a?b=http://10.0.0.1#".slice(0, -1),
      "https://bücher.example/",
    ];
    for (const nickname of nicknames) {
      const body = { nickname, url: `https://example.com/${encodeURIComponent(nickname)}` };
      expect((await ask(gateway, "POST /v1/endpoints", { key, body })).status, nickname).toBe(201);
    }
    for (const url of urls) {
      const body = { nickname: "a good name", url };
      expect((await ask(gateway, "POST /v1/endpoints", { key, body })).status, url).toBe(201);
    }
  });
});
