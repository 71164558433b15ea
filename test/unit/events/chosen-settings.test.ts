import { describe, expect, it } from "vitest";
import {
  DEFAULT_SETTINGS,
  SETTING_ENTRIES,
  SETTINGS_VERSION,
  openChanges,
  openSettings,
  sealedChanges,
  sealedSettings,
  settingsNewIn,
  shownSettings,
} from "../../../src/events/chosen-settings.ts";
import type { ChosenSettings } from "../../../src/events/chosen-settings.ts";
import type { EndpointHeaders } from "../../../src/events/endpoint-headers.ts";

const GATEWAY = { retryScheduleSeconds: [60, 120], concurrencyPerEndpoint: 5 };
const seal = (headers: EndpointHeaders): string => `sealed ${JSON.stringify(headers)}`;
const open = (sealed: string | null): EndpointHeaders =>
  sealed === null ? {} : (JSON.parse(sealed.slice("sealed ".length)) as EndpointHeaders);

describe("the settings of an endpoint", () => {
  it("are what a body says, and their defaults where it says nothing or null", () => {
    expect(openSettings({})).toMatchObject({ retrySchedule: null, maxConcurrency: null, ed25519: false });
    expect(openSettings({ retry_schedule: [1], max_concurrency: null, ed25519: true })).toMatchObject({
      retrySchedule: [1],
      maxConcurrency: null,
      ed25519: true,
    });
    expect({ ...openSettings({}), ...sealedSettings({}, seal) }).toEqual(DEFAULT_SETTINGS);
  });

  it("change where a body speaks of them, to the default with null", () => {
    expect(openChanges({})).toEqual({});
    expect(openChanges({ retry_schedule: [], ed25519: null })).toEqual({ retrySchedule: [], ed25519: false });
    expect(openChanges({ retry_schedule: null, headers: { a: "b" } })).toEqual({ retrySchedule: null });
  });

  it("are sealed when they are headers, and again only when they are others", () => {
    expect(sealedSettings({ headers: { a: "b" } }, seal)).toEqual({ sealedHeaders: 'sealed {"a":"b"}' });
    expect(sealedSettings({ headers: null }, seal)).toEqual({ sealedHeaders: null });
    const changes = (body: { headers?: EndpointHeaders | null }, current: EndpointHeaders) =>
      sealedChanges(body, seal, () => current);
    expect(changes({}, { a: "b" })).toEqual({});
    expect(changes({ headers: { a: "b" } }, { a: "b" })).toEqual({});
    expect(changes({ headers: null }, {})).toEqual({});
    expect(changes({ headers: null }, { a: "b" })).toEqual({ sealedHeaders: null });
    expect(changes({ headers: { a: "c" } }, { a: "b" })).toEqual({ sealedHeaders: 'sealed {"a":"c"}' });
  });

  it("are shown as they hold now, under their names in replies and in their order", () => {
    const unchosen = shownSettings((key) => DEFAULT_SETTINGS[key], GATEWAY, open);
    expect(unchosen).toMatchObject({ retry_schedule: [60, 120], max_concurrency: 5, headers: {}, ed25519: false });
    expect(Object.keys(unchosen)).toEqual(SETTING_ENTRIES.map(([, { name }]) => name));
    const choices = { retrySchedule: [], maxConcurrency: 9, sealedHeaders: seal({ a: "b" }), ed25519: true };
    const chosen: ChosenSettings = { ...DEFAULT_SETTINGS, ...choices };
    expect(shownSettings((key) => chosen[key], GATEWAY, open)).toMatchObject({
      retry_schedule: [],
      max_concurrency: 9,
      headers: { a: "b" },
      ed25519: true,
    });
  });

  it("came with versions of the registration, each with one, so that an older event is read with the default", () => {
    const versions = Array.from({ length: SETTINGS_VERSION }, (_none, index) => index + 1);
    expect(settingsNewIn(1)).toEqual({});
    expect(Object.assign({}, ...versions.map((version) => settingsNewIn(version)))).toEqual(DEFAULT_SETTINGS);
  });

  it.each(SETTING_ENTRIES)("have a default that the log takes, and null in bodies: %s", (_key, setting) => {
    expect(setting.logged.safeParse(setting.default).success).toBe(true);
    expect(setting.chosen.safeParse(null)).toEqual({ success: true, data: null });
  });

  it.each(SETTING_ENTRIES)("are shown in a form that the reply's schema has: %s", (key, setting) => {
    const shown = shownSettings((one) => DEFAULT_SETTINGS[one], GATEWAY, open) as Readonly<Record<string, unknown>>;
    expect(setting.shown.safeParse(shown[setting.name]).success, key).toBe(true);
  });
});
