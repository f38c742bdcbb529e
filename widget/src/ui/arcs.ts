/** The mark: two facing arcs. The first is the person, the second the other side; each breathes with its voice. */

import { svg } from "./el";

const RADII = [50, 66, 82];

/** Whole circles, 360 long: the style draws a hundred degrees of each, at the left for one side, right for the other. */
const side = (name: string): Element =>
  svg("g", { class: name }, ...RADII.map((r, i) => svg("circle", { class: `a${i}`, r, pathLength: 360 })));

export const arcs = (): SVGElement =>
  svg(
    "svg",
    { viewBox: "-100 -80 200 160", "aria-hidden": "true", class: "arcs" },
    side("you"),
    side("agent"),
  ) as SVGElement;

/** `levels`: of the person and of the other side, from 0 to 1. */
export function breathe(drawing: SVGElement, ...levels: [you: number, agent: number]): void {
  levels.forEach((level, at) => {
    (drawing.children[at] as SVGElement).style.setProperty("--l", level.toFixed(2));
  });
}
