import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import type { Gateway } from "../../src/gateway.ts";

/** A reply as it came over the wire. */
export interface RawReply {
  readonly statusLine: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Opens the gateway's socket on a free port and gives that. */
export async function listen(gateway: Gateway): Promise<number> {
  await gateway.app.listen({ host: "127.0.0.1", port: 0 });
  return (gateway.app.server.address() as AddressInfo).port;
}

/** A connection that sends exactly what it is told. */
export interface Connection {
  send(text: string | Buffer): void;
  /** Says that nothing more will be sent. */
  end(): void;
  /** Resolves when that many replies are complete, with all of them. */
  replies(count: number): Promise<readonly RawReply[]>;
  /** Resolves when the server has closed, with all replies. */
  closed(): Promise<readonly RawReply[]>;
}

/** Connects to a port of this machine. */
export function openConnection(port: number): Connection {
  const socket = connect(port, "127.0.0.1");
  let received = Buffer.alloc(0);
  let isClosed = false;
  let wake = (): void => undefined;
  const happened = (): void => {
    wake();
  };
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
    happened();
  });
  // The server may end the connection while this side still sends.
  socket.on("error", () => undefined);
  socket.on("close", () => {
    isClosed = true;
    happened();
  });
  const until = async (isDone: () => boolean): Promise<readonly RawReply[]> => {
    while (!isDone()) await new Promise<void>((resolve) => (wake = resolve));
    return repliesIn(received);
  };
  return {
    send: (text) => void socket.write(text),
    end: () => void socket.end(),
    replies: (count) => until(() => isClosed || repliesIn(received).length >= count),
    closed: () => until(() => isClosed),
  };
}

/** Sends this and gives the replies that came until the server closed. */
export function exchange(port: number, text: string | Buffer): Promise<readonly RawReply[]> {
  const connection = openConnection(port);
  connection.send(text);
  return connection.closed();
}

/** The complete replies in what was received. All of ours that have a body state its length. */
function repliesIn(received: Buffer): RawReply[] {
  const replies: RawReply[] = [];
  for (let rest = received; ;) {
    const headEnd = rest.indexOf("\r\n\r\n");
    if (headEnd === -1) return replies;
    const [statusLine = "", ...lines] = rest.toString("latin1", 0, headEnd).split("\r\n");
    const headers = Object.fromEntries(
      lines.map((line) => [line.split(":")[0]!.toLowerCase(), line.replace(/^[^:]*:\s*/, "")]),
    );
    const end = headEnd + 4 + Number(headers["content-length"] ?? 0);
    if (rest.length < end) return replies;
    const text = rest.toString("utf8", headEnd + 4, end);
    replies.push({ statusLine, status: Number(statusLine.split(" ")[1]), headers, text });
    rest = rest.subarray(end);
  }
}
