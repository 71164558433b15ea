import autocannon from "autocannon";

/** How many clients there are at a time; each sends its next request when it has its answer. */
export const CONNECTIONS = 128;

/** One round of load. */
export interface Round {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Answers that were not 2xx, and connections that broke. */
  readonly failed: number;
}

/** A user with endpoints at `urls`, and what is needed to dispatch to them. */
export interface Account {
  readonly apiKey: string;
  readonly endpointIds: readonly number[];
}

async function post<T>(url: string, body: object, apiKey?: string): Promise<T> {
  const headers = { "content-type": "application/json", ...(apiKey !== undefined && { "x-api-key": apiKey }) };
  const reply = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  if (!reply.ok) throw new Error(`${url} answered ${reply.status}: ${await reply.text()}`);
  return (await reply.json()) as T;
}

/** Creates a user and registers the endpoints. */
export async function createAccount(gateway: string, urls: readonly string[]): Promise<Account> {
  const username = `bench_${Math.random().toString(36).slice(2, 10)}`;
  const { api_key: apiKey } = await post<{ api_key: string }>(`${gateway}/v1/users`, { username });
  const endpointIds: number[] = [];
  for (const url of urls) {
    const { id } = await post<{ id: number }>(`${gateway}/v1/endpoints`, { url, nickname: "benchmark" }, apiKey);
    endpointIds.push(id);
  }
  return { apiKey, endpointIds };
}

/** A dispatch of about 1 KB whose payload carries the number `n`. */
export function dispatchBody(endpointId: number, n: number): string {
  const fields: Record<string, string> = {};
  for (let i = 0; i < 20; i++) fields[`field${i}`] = `value number ${i} with some text padding`;
  return JSON.stringify({ endpoint_id: endpointId, payload: { n, ...fields } });
}

/** Sends dispatches as fast as they are answered, over CONNECTIONS connections, for so many seconds. */
export async function dispatchFor(address: string, account: Account, seconds: number): Promise<Round> {
  const result = await autocannon({
    url: `${address}/v1/dispatch`,
    connections: CONNECTIONS,
    duration: seconds,
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": account.apiKey },
    requests: account.endpointIds.map((id) => ({ body: dispatchBody(id, 0) })),
  });
  const { latency, requests, non2xx, errors } = result;
  return { perSecond: requests.total / result.duration, p50: latency.p50, p99: latency.p99, failed: non2xx + errors };
}

/** Sends exactly `count` dispatches, numbered from `first`; gives how many were acknowledged. */
export async function dispatchCount(
  address: string,
  account: Account,
  count: number,
  first: number,
  connections: number = CONNECTIONS,
): Promise<number> {
  let next = first;
  const result = await autocannon({
    url: `${address}/v1/dispatch`,
    connections,
    amount: count,
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": account.apiKey },
    requests: [
      {
        setupRequest: (request: autocannon.Request) => {
          const n = next++;
          return { ...request, body: dispatchBody(account.endpointIds[n % account.endpointIds.length]!, n) };
        },
      },
    ],
  });
  return result["2xx"];
}
