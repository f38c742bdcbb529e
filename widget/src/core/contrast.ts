/** Colours one can read, whatever accent a tenant picks: WCAG contrast, computed. */

export type Rgb = readonly [number, number, number];

export const READABLE = 4.5;
const WHITE: Rgb = [255, 255, 255];
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

/** `colour`, darkened or lightened just enough to be read on `ground`. */
export function readableOn(colour: Rgb, ground: Rgb): Rgb {
  const end = contrast(ground, BLACK) > contrast(ground, WHITE) ? BLACK : WHITE;
  let share = 0;
  while (share < 1 && contrast(mix(colour, end, share), ground) < READABLE) share += 0.04;
  return mix(colour, end, Math.min(share, 1));
}

/** Black or white, whichever is easier to read on `ground`; one of the two always reaches 4.5. */
export const inkOn = (ground: Rgb): Rgb => (contrast(ground, WHITE) >= READABLE ? WHITE : BLACK);

/** `#rgb` or `#rrggbb`, as three parts; null for anything else. */
export function parseHex(text: string): Rgb | null {
  const short = /^#([\da-f])([\da-f])([\da-f])$/i.exec(text.trim());
  const full = short ? short.slice(1).map((digit) => digit + digit) : /^#(..)(..)(..)$/.exec(text.trim())?.slice(1);
  const parts = full?.map((pair) => Number.parseInt(pair, 16));
  return parts?.every((part) => part >= 0) ? (parts as unknown as Rgb) : null;
}

export const css = ([r, g, b]: Rgb): string => `rgb(${r} ${g} ${b})`;
