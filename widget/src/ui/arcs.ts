/** The mark: two facing arcs. The first is the person, the second the other side; each breathes with its voice. */

import { svg } from "./el";

const CENTRE = 80;
const RADII = [50, 66, 82];
const HALF_ANGLE = (50 * Math.PI) / 180;

function side(name: string, sign: -1 | 1): Element {
  const paths = RADII.map((radius, i) => {
    const x = (CENTRE * 1.25 + sign * radius * Math.cos(HALF_ANGLE)).toFixed(1);
    const y = radius * Math.sin(HALF_ANGLE);
    const from = (CENTRE - y).toFixed(1);
    const to = (CENTRE + y).toFixed(1);
    return svg("path", { class: `a${i}`, d: `M${x} ${from}A${radius} ${radius} 0 0 ${sign < 0 ? 0 : 1} ${x} ${to}` });
  });
  return svg("g", { class: name }, ...paths);
}

export interface Arcs {
  node: SVGElement;
  /** Levels from 0 to 1. */
  show(you: number, agent: number): void;
}

export function arcs(): Arcs {
  const you = side("you", -1) as SVGElement;
  const agent = side("agent", 1) as SVGElement;
  const node = svg("svg", { viewBox: "0 0 200 160", "aria-hidden": "true", class: "arcs" }, you, agent) as SVGElement;
  return {
    node,
    show(mine, theirs) {
      you.style.setProperty("--l", mine.toFixed(2));
      agent.style.setProperty("--l", theirs.toFixed(2));
    },
  };
}
