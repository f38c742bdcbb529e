/** Every row of the player's words has its languages, with the same blanks to fill in each. */

import { describe, expect, it } from "vitest";
import { ROWS } from "../src/player/words";

describe("the player's words", () => {
  it.each(Object.entries(ROWS))("%s is there in every language", (_, row) => {
    const columns = row.split("|");
    expect([4, 5]).toContain(columns.length); // Darija is said as Arabic where it has no word of its own
    const blanks = columns.map((text) => (text.match(/\{\w+\}/g) ?? []).sort().join());
    expect(new Set(blanks).size).toBe(1);
    expect(columns.every((text) => text.trim() === text && text !== "")).toBe(true);
  });
});
