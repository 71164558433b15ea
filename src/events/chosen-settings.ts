import type { z } from "zod";
import type { EndpointHeaders } from "./endpoint-headers.ts";
import type { GatewayDefaults, OpenSetting, SealedSetting } from "./endpoint-setting.ts";
import { ENDPOINT_SETTINGS } from "./endpoint-settings.ts";

type Table = typeof ENDPOINT_SETTINGS;
type Key = keyof Table;
type Setting = OpenSetting | SealedSetting;
type SealedKey = { [K in Key]: Table[K]["sealed"] extends true ? K : never }[Key];

/** What is chosen for an endpoint, as the log has it. */
export type ChosenSettings = { readonly [K in Key]: z.output<Table[K]["logged"]> };
/** The part that needs no seal. */
export type OpenSettings = Omit<ChosenSettings, SealedKey>;
/** The part under the endpoint's seal, which cannot be made before the endpoint has its number. */
export type SealedSettings = Pick<ChosenSettings, SealedKey>;

/** What a body says of the settings. Null takes a choice back; what is absent is not spoken of. */
export type SettingsBody = { readonly [K in Key as Table[K]["name"]]?: z.output<Table[K]["chosen"]> | undefined };

/** Every setting with its name in the log, in the table's order. */
export const SETTING_ENTRIES: readonly (readonly [key: Key, setting: Setting])[] = Object.entries(
  ENDPOINT_SETTINGS,
) as [Key, Setting][];

/** The schemas of the log, by the names there. */
export const loggedSettings = collected(({ logged }) => logged) as { readonly [K in Key]: Table[K]["logged"] };

/** The schemas of bodies, by the names there. */
export const bodySettings = Object.fromEntries(SETTING_ENTRIES.map(([, { name, chosen }]) => [name, chosen])) as {
  readonly [K in Key as Table[K]["name"]]: Table[K]["chosen"];
};

/** The settings of an endpoint whose owner chose nothing. */
export const DEFAULT_SETTINGS = collected((setting) => setting.default) as ChosenSettings;

/** The version of EndpointRegistered that has all settings. */
export const SETTINGS_VERSION = Math.max(...SETTING_ENTRIES.map(([, { since }]) => since));

/** The settings that this version of EndpointRegistered was the first to have, as they are without a choice. */
export function settingsNewIn(version: number): Partial<ChosenSettings> {
  return collected((setting) => (setting.since === version ? setting.default : undefined));
}

/** What a body changes of the settings that need no seal. */
export function openChanges(body: SettingsBody): Partial<OpenSettings> {
  return collected((setting) => {
    const chosen = setting.sealed ? undefined : saidOf(body, setting);
    return chosen === null ? setting.default : chosen;
  });
}

/** The settings without a seal of an endpoint that is registered with this body. */
export function openSettings(body: SettingsBody): OpenSettings {
  const unchosen = collected((setting) => (setting.sealed ? undefined : setting.default)) as OpenSettings;
  return { ...unchosen, ...openChanges(body) };
}

/** The sealed settings of an endpoint that is registered with this body. */
export function sealedSettings(body: SettingsBody, seal: (headers: EndpointHeaders) => string): SealedSettings {
  return collected((setting) => {
    if (!setting.sealed) return undefined;
    const chosen = saidOf(body, setting) ?? null;
    return chosen === null ? setting.default : seal(chosen as EndpointHeaders);
  }) as SealedSettings;
}

/**
 * What a body changes of the sealed settings. What stays the same is left out, since it looks different each time that
 * it is sealed.
 *
 * @param current what was chosen until now
 */
export function sealedChanges(
  body: SettingsBody,
  seal: (headers: EndpointHeaders) => string,
  current: (key: SealedKey) => EndpointHeaders,
): Partial<SealedSettings> {
  return collected((setting, key) => {
    const chosen = setting.sealed ? saidOf(body, setting) : undefined;
    if (chosen === undefined || isSame(chosen ?? {}, current(key as SealedKey))) return undefined;
    return chosen === null ? setting.default : seal(chosen as EndpointHeaders);
  });
}

/**
 * The settings as their owner is shown them, by their names in replies: what holds now, chosen or not.
 *
 * @param logged gives what the log has of a setting
 * @param open opens what is under the endpoint's seal
 * @throws what `open` throws
 */
export function shownSettings(
  logged: (key: Key) => unknown,
  gateway: GatewayDefaults,
  open: (sealed: string | null) => EndpointHeaders,
): object {
  const shown = SETTING_ENTRIES.map(([key, setting]) => [
    setting.name,
    setting.sealed ? open(logged(key) as string | null) : setting.show(logged(key), gateway),
  ]);
  return Object.fromEntries(shown) as object;
}

/** What a body says of a setting, as the setting's own schema gave it; undefined when it is not spoken of. */
function saidOf(body: SettingsBody, { name }: Setting): unknown {
  return (body as Readonly<Record<string, unknown>>)[name];
}

function isSame(some: object, others: object): boolean {
  return JSON.stringify(Object.entries(some)) === JSON.stringify(Object.entries(others));
}

/** What `valueOf` gives of the settings, by their names in the log and in the table's order; undefined leaves one out. */
function collected(valueOf: (setting: Setting, key: Key) => unknown): Readonly<Record<string, unknown>> {
  const values = SETTING_ENTRIES.map(([key, setting]) => [key, valueOf(setting, key)] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}
