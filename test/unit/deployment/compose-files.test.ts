import { describe, expect, it } from "vitest";
import { SETTINGS, readConfig } from "../../../src/config.ts";
import { mountOf, projectFile, readComposeFile, variablesOf, withVariables } from "./compose-file.ts";
import type { Service } from "./compose-file.ts";

const FILES = ["docker-compose.yml", "docker-compose.cluster.yml"] as const;

/** What somebody could have filled in. */
const FILLED_IN = {
  MASTER_KEY: Buffer.alloc(32, 7).toString("base64"),
  OPERATOR_API_KEY: "3f0a2f0e-7b1c-4a52-8f7e-0c5d8a2b9e11",
  AUDITOR_API_KEY: "7c018fb7-cf31-4295-b374-ff5735033c04",
  EVENTSTORE_ADMIN_PASSWORD: "a1b2",
  MONGODB_PASSWORD: "c3d4",
};

/** The settings that belong to the image, whatever is around it. */
const OF_THE_IMAGE = ["HOST", "PORT", "DATA_DIR"];

/** Where each server keeps what counts. */
const DATA_FOLDER = { eventstoredb: "/var/lib/eventstore", mongodb: "/data/db" };

/** How long an orderly stop of the gateway may take, in seconds. */
function shutdownLimit(): number {
  const [, ms] = /SHUTDOWN_LIMIT_MS = ([\d_]+)/.exec(projectFile("src/cli/serve.ts"))!;
  return Number(ms!.replaceAll("_", "")) / 1_000;
}

/** The names of the environment variables that the gateway reads. */
function knownVariables(): Set<string> {
  const read = new Set<string>();
  const noting = new Proxy({}, { get: (_, name) => void read.add(String(name)) });
  readConfig(noting);
  return read;
}

describe.each(FILES)("%s", (file) => {
  const { services, volumes } = readComposeFile(file);
  const named = (pattern: RegExp): [string, Service][] =>
    Object.entries(services).filter(([name]) => pattern.test(name));
  const gateways = named(/^gateway/);
  const servers = named(/^(eventstoredb|mongodb)(-\d)?$/);
  const environmentOf = ({ environment = {} }: Service): Record<string, string> =>
    Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, withVariables(value, FILLED_IN)]));

  it("has at least one gateway and both servers", () => {
    expect(gateways.length).toBeGreaterThan(0);
    expect(servers.map(([name]) => name.split("-")[0])).toEqual(expect.arrayContaining(["eventstoredb", "mongodb"]));
  });

  it.each(gateways)("lets %s start only when every server is healthy and every preparation has ended", (_, gateway) => {
    const conditions = Object.entries(gateway.depends_on!);
    for (const [name] of servers)
      expect(gateway.depends_on).toMatchObject({ [name]: { condition: "service_healthy" } });
    for (const [name, { condition }] of conditions) {
      const { healthcheck, restart } = services[name]!;
      if (condition === "service_healthy") expect(healthcheck?.test[0]).toMatch(/^CMD/);
      else expect([condition, restart]).toEqual(["service_completed_successfully", "no"]);
    }
  });

  it("waits for nothing that does not exist, and for no health that nobody looks at", () => {
    for (const service of Object.values(services)) {
      for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect(services).toHaveProperty(name);
        if (condition === "service_healthy") expect(services[name]!.healthcheck?.disable ?? false).toBe(false);
      }
    }
  });

  it.each(gateways)("gives %s a configuration that the gateway knows and takes", (_, gateway) => {
    const environment = environmentOf(gateway);
    expect([...knownVariables()]).toEqual(expect.arrayContaining(Object.keys(environment)));
    expect(readConfig(environment)).toMatchObject({
      eventStoreUrl: expect.stringContaining("esdb://") as string,
      mongodbUrl: expect.stringContaining("replicaSet=rs0") as string,
    });
  });

  it.each(gateways)("passes every setting on to %s, except those of the image", (_, { environment = {} }) => {
    const addresses = ["EVENTSTORE_URL", "MONGODB_URL"];
    const lost = SETTINGS.filter(({ variable }) => !OF_THE_IMAGE.includes(variable)).flatMap(({ variable }) => {
      const given = environment[variable] ?? "";
      const isPassedOn = addresses.includes(variable) ? given !== "" : given.startsWith(`\${${variable}`);
      return isPassedOn
        ? []
        : [`add ${variable}: \${${variable}:-} to its environment, and ${variable}= to .env.example`];
    });
    expect(lost, file).toEqual([]);
  });

  it.each(gateways)("passes the prefix of the streams on to %s, also an empty one, which it refuses", (_, gateway) => {
    const environment = environmentOf(gateway);
    expect(readConfig(environment).eventStoreStreamPrefix).toBe(readConfig({}).eventStoreStreamPrefix);
    const given = gateway.environment!["EVENTSTORE_STREAM_PREFIX"]!;
    expect(withVariables(given, { EVENTSTORE_STREAM_PREFIX: "shop." })).toBe("shop.");
    const empty = withVariables(given, { EVENTSTORE_STREAM_PREFIX: "" });
    expect(() => readConfig({ ...environment, EVENTSTORE_STREAM_PREFIX: empty })).toThrow("EVENTSTORE_STREAM_PREFIX: ");
  });

  it.each(gateways)("names only servers that are there in the addresses of %s", (_, gateway) => {
    const { EVENTSTORE_URL: log, MONGODB_URL: models } = environmentOf(gateway);
    for (const [url, kind] of [
      [log!, "eventstoredb"],
      [models!, "mongodb"],
    ] as const) {
      const [, hosts] = /:\/\/(?:[^@/]+@)?([^/?]+)/.exec(url)!;
      const names = hosts!.split(",").map((host) => host.split(":")[0]!);
      expect(names.sort()).toEqual(servers.map(([name]) => name).filter((name) => name.startsWith(kind)));
    }
  });

  it("gives all instances the same configuration", () => {
    for (const [, gateway] of gateways) expect(gateway.environment).toEqual(gateways[0]![1].environment);
  });

  it("refuses to start without its secrets, and takes no variable that .env.example does not explain", () => {
    const { used, required } = variablesOf(projectFile(file));
    expect([...required]).toEqual(expect.arrayContaining(["MASTER_KEY", "OPERATOR_API_KEY", "AUDITOR_API_KEY"]));
    const secrets = [...used].filter((name) => /_KEY$|PASSWORD/.test(name));
    expect([...required].sort()).toEqual(secrets.sort());
    const explained = [...projectFile(".env.example").matchAll(/^(\w+)=(.*)$/gm)];
    expect(explained.map(([, name]) => name)).toEqual(expect.arrayContaining([...used]));
    const filledIn = explained.filter(([, , value]) => value !== "").map(([, name, value]) => [name, value]);
    expect(filledIn).toEqual([["EVENTSTORE_STREAM_PREFIX", readConfig({}).eventStoreStreamPrefix]]);
  });

  it.each(servers)("keeps the data of %s in a named volume", (name, server) => {
    const folder = DATA_FOLDER[name.split("-")[0] as keyof typeof DATA_FOLDER];
    const mount = server.volumes!.map(mountOf).find(({ target }) => target === folder);
    expect(mount).toMatchObject({ readOnly: false });
    expect(volumes).toHaveProperty(mount!.source);
    expect(server.tmpfs ?? []).toEqual([]);
  });

  it("shares no data volume between two servers, and mounts nothing that is not declared", () => {
    const data = servers.flatMap(([, { volumes: mounts = [] }]) =>
      mounts.map(mountOf).filter(({ readOnly }) => !readOnly),
    );
    const sources = data.map(({ source }) => source);
    expect(new Set(sources).size).toBe(sources.length);
    const all = Object.values(services).flatMap(({ volumes: mounts = [] }) =>
      mounts.map((mount) => mountOf(mount).source),
    );
    expect([...new Set(all)].sort()).toEqual(Object.keys(volumes).sort());
  });

  it("has no setting by which a server could lose what it acknowledged", () => {
    expect(projectFile(file)).not.toMatch(/MEM_DB|UNSAFE|--nojournal|inMemory|ephemeralForTest|SKIP_DB_VERIFY/i);
  });

  it("publishes ports of gateways only, on this machine only, each once", () => {
    const ports = Object.entries(services).flatMap(([name, service]) =>
      (service.ports ?? []).map((port) => [name, port] as const),
    );
    expect(ports).toHaveLength(gateways.length);
    for (const [name, port] of ports)
      expect([name, port]).toEqual([
        expect.stringMatching(/^gateway/),
        expect.stringMatching(/^127\.0\.0\.1:\d+:8080$/),
      ]);
    expect(new Set(ports.map(([, port]) => port)).size).toBe(ports.length);
  });

  it.each(gateways)("runs %s with a read-only root, and leaves it time for an orderly stop", (_, gateway) => {
    expect(gateway).toMatchObject({ read_only: true, init: true, restart: "unless-stopped", build: "." });
    expect(gateway.stop_grace_period).toMatch(/^\d+s$/);
    expect(Number.parseInt(gateway.stop_grace_period!)).toBeGreaterThan(shutdownLimit());
    const writable = [
      ...(gateway.volumes ?? []).map(mountOf).filter(({ readOnly }) => !readOnly),
      ...(gateway.tmpfs ?? []).map((mount) => ({ target: mount.split(":")[0] })),
    ];
    expect(writable.map(({ target }) => target).sort()).toEqual(["/data", "/tmp"]);
  });

  it.each(Object.entries(services))("takes all privileges from %s and bounds its memory", (_, service) => {
    expect(service).toMatchObject({ cap_drop: ["ALL"], security_opt: ["no-new-privileges:true"] });
    expect(service.mem_limit).toMatch(/^\d+[mg]$/);
    expect(service.restart).toMatch(/^(unless-stopped|no)$/);
  });

  it("names the version of every server's image", () => {
    const images = Object.values(services).filter(({ build }) => build === undefined);
    for (const { image } of images) expect(image).toMatch(/^[\w./-]+:\d/);
  });
});

describe("docker-compose.cluster.yml", () => {
  const { services } = readComposeFile("docker-compose.cluster.yml");
  const nodes = ["eventstoredb-1", "eventstoredb-2", "eventstoredb-3"];

  it.each(nodes)("tells %s where the two others are and its own name, with a certificate of its own", (node) => {
    const { environment, volumes } = services[node]!;
    const others = nodes.filter((name) => name !== node).map((name) => `${name}:2113`);
    expect(environment).toMatchObject({
      EVENTSTORE_CLUSTER_SIZE: "3",
      EVENTSTORE_DISCOVER_VIA_DNS: "false",
      EVENTSTORE_GOSSIP_SEED: others.join(),
      EVENTSTORE_NODE_HOST_ADVERTISE_AS: node,
      EVENTSTORE_REPLICATION_HOST_ADVERTISE_AS: node,
      EVENTSTORE_TRUSTED_ROOT_CERTIFICATES_PATH: "/ca",
    });
    expect(environment).not.toHaveProperty("EVENTSTORE_INSECURE");
    expect(volumes).toEqual(expect.arrayContaining(["ca:/ca:ro", `certificate-${node.at(-1)!}:/certificate:ro`]));
  });

  it("keeps the authority's key from everybody but the service that makes certificates", () => {
    const holders = Object.entries(services).filter(([, { volumes = [] }]) =>
      volumes.some((mount) => mount.startsWith("certificate-authority:")),
    );
    expect(holders.map(([name]) => name)).toEqual(["certificates"]);
    expect(services["certificates"]!.command![0]).toContain('-dns-names "eventstoredb-$$n,localhost"');
  });

  it("speaks TLS to the log, trusting the authority that it can see", () => {
    const { environment, volumes } = services["gateway-1"]!;
    expect(environment!["EVENTSTORE_URL"]).toMatch(/\?tls=true&tlsCAFile=\/ca\/ca\.crt/);
    expect(volumes).toEqual(["ca:/ca:ro"]);
  });

  it.each(["mongodb-1", "mongodb-2", "mongodb-3"])("has %s know the others by the key file", (member) => {
    const { command, volumes, healthcheck, depends_on } = services[member]!;
    expect(command!.join(" ")).toContain("--replSet rs0 --bind_ip_all --keyFile /data/configdb/keyfile");
    expect(volumes).toContain("mongodb-keyfile:/data/configdb:ro");
    expect(depends_on).toEqual({ "mongodb-keyfile": { condition: "service_completed_successfully" } });
    expect(healthcheck!.test.join(" ")).toContain('--host "$$HOSTNAME"');
    expect(services["mongodb-begin"]!.command!.at(-1)).toContain(`"${member}:27017"`);
  });
});
