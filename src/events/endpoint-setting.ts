import type { z } from "zod";
import type { EndpointHeaders } from "./endpoint-headers.ts";

/** The gateway's own values, which hold where an endpoint's owner chose nothing. */
export interface GatewayDefaults {
  readonly retryScheduleSeconds: readonly number[];
  readonly concurrencyPerEndpoint: number;
}

/** What is said of every setting. */
interface AnySetting<Name extends string, Logged, Chosen> {
  /** In bodies and replies. */
  readonly name: Name;
  /** The version of EndpointRegistered that was the first with it; events of earlier versions are read with the default. */
  readonly since: number;
  /** In the log, and in the read model. */
  readonly logged: z.ZodType<Logged>;
  /** In the log, when its owner chose nothing or took the choice back. */
  readonly default: Logged;
  /** What its owner may choose, with the messages of docs/reference/http-api.md; null takes the choice back. */
  readonly chosen: z.ZodType<Chosen | null>;
  /** As replies have it. */
  readonly shown: z.ZodType;
}

/** A setting that the log has as its owner chose it. */
export interface OpenSetting<Name extends string = string, Value = unknown> extends AnySetting<Name, Value, Value> {
  readonly sealed: false;
  /** What the owner is shown: what holds now, chosen or not. */
  show(logged: Value, gateway: GatewayDefaults): unknown;
}

/** Headers that the log has under the endpoint's seal, since they may be credentials. The owner is shown what was chosen. */
export interface SealedSetting<Name extends string = string> extends AnySetting<Name, string | null, EndpointHeaders> {
  readonly sealed: true;
}

/** An entry of the table for a setting without a seal; the types follow from its schemas. */
export function openSetting<const Name extends string, Value>(
  entry: Omit<OpenSetting<Name, Value>, "sealed">,
): OpenSetting<Name, Value> {
  return { ...entry, sealed: false };
}

/** An entry of the table for headers under the endpoint's seal. */
export function sealedSetting<const Name extends string>(
  entry: Omit<SealedSetting<Name>, "sealed">,
): SealedSetting<Name> {
  return { ...entry, sealed: true };
}
