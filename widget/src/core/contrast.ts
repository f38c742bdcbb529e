/** Colours one can read, whatever accent a tenant picks: WCAG contrast, computed. */

export type Rgb = readonly [number, number, number];

export const READABLE = 4.5;
export const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];

const linear = (part: number): number => {
  const share = part / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
};

const luminance = ([r, g, b]: Rgb): number => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);

/** 1 (same) to 21 (black on white). */
export function contrast(a: Rgb, b: Rgb): number {
  const one = luminance(a) + 0.05;
  const two = luminance(b) + 0.05;
  return one > two ? one / two : two / one;
}

const mix = (from: Rgb, to: Rgb, share: number): Rgb =>
  from.map((part, i) => Math.round(part + ((to[i] as number) - part) * share)) as unknown as Rgb;

/** Black or white, whichever is easier to read on `ground`; one of the two always reaches 4.5. */
export const inkOn = (ground: Rgb): Rgb => (contrast(ground, WHITE) >= READABLE ? WHITE : BLACK);

/** `colour`, darkened or lightened just enough to be read on `ground`, which is nearly white or nearly black. */
export function readableOn(colour: Rgb, ground: Rgb): Rgb {
  let share = 0;
  let seen = colour;
  while (contrast(seen, ground) < READABLE) {
    share += 0.04;
    seen = mix(colour, inkOn(ground), share);
  }
  return seen;
}

/** `#rgb` or `#rrggbb`, which the options are checked for, as three parts. */
export const parseHex = (text: string): Rgb =>
  text
    .replace(/^#(.)(.)(.)$/, "#$1$1$2$2$3$3")
    .match(/\w\w/g)
    ?.map((pair) => Number.parseInt(pair, 16)) as unknown as Rgb;

export const css = ([r, g, b]: Rgb): string => `rgb(${r} ${g} ${b})`;
