import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { SERVER_KEYS } from "./instances.ts";

/** What one of the staff is answered, by a gateway on a server, as text; see `ApiClient.text`. */
export async function askAs(staff: "AUDITOR" | "OPERATOR", address: string, path: string): Promise<string> {
  return new ApiClient(address, SERVER_KEYS[`${staff}_API_KEY`]).text(path);
}

/** An event as `GET /v1/audit/events` shows it. */
export interface AuditedLine {
  readonly id: string;
  readonly stream: string;
  readonly type: string;
}

/** The log as the auditor reads it, or what of it this query names: the lines, and what they say. */
export async function auditedLog(address: string, query = ""): Promise<{ lines: string[]; events: AuditedLine[] }> {
  const text = await askAs("AUDITOR", address, `/v1/audit/events?limit=10000&${query}`);
  const lines = text.split("\n").slice(0, -1);
  return { lines, events: lines.map((line) => JSON.parse(line) as AuditedLine) };
}
