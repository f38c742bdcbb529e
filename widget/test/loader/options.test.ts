/** The options: what is taken, what is refused and reported, where they may come from. */
// @vitest-environment happy-dom

import { describe, expect, it } from "vitest";
import table from "../../options.json";
import { fitsRoughly, fromAttributes, fromObject, readOptions } from "../../src/core/options";
import { type Options, ROWS as PANEL_ROWS } from "../../src/core/options.gen";
import { LAUNCHER_ROWS, type LauncherOptions } from "../../src/core/options.launcher.gen";
import { exactly, readingTexts } from "../../src/core/options_check";

const fitsExactly = exactly(fitsRoughly);
const ROWS = [...LAUNCHER_ROWS, ...PANEL_ROWS];

function read(given: object) {
  const refused: string[] = [];
  const options = readOptions<Options>(ROWS, readingTexts(ROWS, fromObject(given)), fitsExactly, (path) =>
    refused.push(path),
  );
  return { options, refused };
}

function readElement(attributes: Record<string, string>, prefix = "data-") {
  const element = document.createElement("script");
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  const refused: string[] = [];
  const given = readingTexts(ROWS, fromAttributes(element, prefix));
  return { options: readOptions<Options>(ROWS, given, fitsExactly, (path) => refused.push(path)), refused };
}

it("has every row of the table with its default when nothing is given", () => {
  const { options, refused } = read({});
  expect(refused).toEqual([]);
  expect(Object.keys(options).sort()).toEqual(table.options.map(({ name }) => name).sort());
  expect(options.language).toBe("fr");
  expect(options.theme).toEqual({ primaryColor: "#0b6e6e", radius: 14, font: "", mode: "auto" });
  expect(options.onReady).toBeNull();
});

describe("values that do not fit", () => {
  it.each([
    [{ apiKey: "voc_sk_live_secret" }, "apiKey"],
    [{ apiKey: 7 }, "apiKey"],
    [{ api_url: "javascript:alert(1)" }, "api_url"],
    [{ language: "de" }, "language"],
    [{ position: "middle" }, "position"],
    [{ theme: { primaryColor: "red" } }, "theme.primaryColor"],
    [{ theme: { primaryColor: "#12345" } }, "theme.primaryColor"],
    [{ theme: { radius: 29 } }, "theme.radius"],
    [{ theme: { radius: "wide" } }, "theme.radius"],
    [{ launcher: { size: 43 } }, "launcher.size"],
    [{ launcher: { label: "x".repeat(41) } }, "launcher.label"],
    [{ textOnly: 1 }, "textOnly"],
    [{ labels: ["Hello"] }, "labels"],
    [{ labels: { talk: 5 } }, "labels"],
    [{ metadata: Object.fromEntries([...Array(21).keys()].map((n) => [n, "x"])) }, "metadata"],
    [{ onReady: "start()" }, "onReady"],
  ])("reports %j and takes the default", (given, path) => {
    const { options, refused } = read(given);
    expect(refused).toEqual([path]);
    expect(options).toEqual(read({}).options);
  });
});

describe("values that fit", () => {
  it.each([
    [{ apiKey: "voc_pk_live_a" }],
    [{ theme: { primaryColor: "#FA0", radius: 0 } }],
    [{ launcher: { size: 96, offsetY: 0 } }],
    [{ zIndex: 0 }],
    [{ captions: false }],
    [{ labels: { talk: "Speak" }, metadata: { order: "42" } }],
  ])("takes %j", (given) => {
    const { options, refused } = read(given);
    expect(refused).toEqual([]);
    expect(options).toMatchObject(given);
  });
});

describe("attributes", () => {
  it("reads numbers, booleans, nested fields and texts", () => {
    const { options, refused } = readElement({
      "data-tenant-id": "acme",
      "data-theme-primary-color": "#123456",
      "data-launcher-offset-x": "40",
      "data-push-to-talk": "true",
      "data-captions": "false",
      "data-metadata": '{"order": "42"}',
      "data-labels": "{not json",
    });
    expect(refused).toEqual(["labels"]);
    expect(options).toMatchObject({
      tenant_id: "acme",
      theme: { primaryColor: "#123456" },
      launcher: { offsetX: 40 },
      pushToTalk: true,
      captions: false,
      metadata: { order: "42" },
      labels: {},
    });
  });

  it("takes a bare attribute as a yes, and an empty one that is no boolean as not given", () => {
    const { options, refused } = readElement({ "text-only": "", language: "", "z-index": "" }, "");
    expect(refused).toEqual([]);
    expect(options).toMatchObject({ textOnly: true, captions: true, language: "fr", zIndex: 2147483000 });
  });

  it("does without the prefix on an element", () => {
    expect(readElement({ "text-only": "yes", "data-language": "en" }, "").options).toMatchObject({
      textOnly: true,
      language: "fr",
    });
  });
});

it("draws the launcher from the same table, whatever it is given", () => {
  const given = { position: "nowhere", theme: { mode: 7 }, launcher: { size: "huge", label: 3 }, autoOpen: "x" };
  const options = readOptions<LauncherOptions>(LAUNCHER_ROWS, fromObject(given), fitsRoughly);
  expect(options.position).toBe("bottom-right");
  expect(options.theme.mode).toBe("auto");
  expect(options.launcher).toMatchObject({ size: 56, label: "" });
});
