/** Whatever accent a tenant picks, one can read it. */

import { expect, it } from "vitest";
import { contrast, inkOn, parseHex, type Rgb, readableOn } from "../../src/core/contrast";

const GROUNDS: Rgb[] = [
  [255, 255, 255],
  [24, 27, 31],
];

it("knows the two ends", () => {
  expect(contrast([0, 0, 0], [255, 255, 255])).toBeCloseTo(21);
  expect(contrast([9, 9, 9], [9, 9, 9])).toBe(1);
});

it("makes any accent readable on both grounds, and ink readable on it", () => {
  for (let r = 0; r <= 255; r += 51) {
    for (let g = 0; g <= 255; g += 51) {
      for (let b = 0; b <= 255; b += 51) {
        for (const ground of GROUNDS) {
          const accent = readableOn([r, g, b], ground);
          expect(contrast(accent, ground)).toBeGreaterThanOrEqual(4.5);
          expect(contrast(inkOn(accent), accent)).toBeGreaterThanOrEqual(4.5);
        }
      }
    }
  }
});

it("leaves a readable accent as it is", () => {
  expect(readableOn([11, 110, 110], [255, 255, 255])).toEqual([11, 110, 110]);
});

it("reads both lengths of hex", () => {
  expect(parseHex("#0b6e6e")).toEqual([11, 110, 110]);
  expect(parseHex("#fa0")).toEqual([255, 170, 0]);
});
