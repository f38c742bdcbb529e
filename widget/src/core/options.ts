/** Reads what a page gives as options: checked against the one table, every default filled in. */

/** Dotted path, kind (string, enumerated, url, color, number, boolean, texts, function), default, limits. */
export type OptionRow = [path: string, kind: string, base: unknown, limits?: (string | number)[]];

/** What the page gave at a path, or nothing. */
export type Given = (path: string) => unknown;

export const fromObject =
  (object: object): Given =>
  (path) =>
    path.split(".").reduce((inner: unknown, name) => Object(inner)[name], object);

/** From attributes: `data-launcher-offset-x` for launcher.offsetX with the prefix `data-`. */
export const fromAttributes =
  (element: Element, prefix: string): Given =>
  (path) =>
    element.getAttribute(prefix + path.replace(/[._]/g, "-").replace(/[A-Z]/g, "-$&").toLowerCase());

/** What the tenant set for all its pages, checked by the server, by path. */
export type Stored = Record<string, unknown>;

/** Whether a value is good for a row of this kind, default and limits. */
export type Fits = (value: unknown, kind: string, base: unknown, limits?: (string | number)[]) => boolean;

/** `rows` with the values of `stored`, by path, as their defaults. */
export const withStored = (rows: OptionRow[], stored: Stored): OptionRow[] =>
  rows.map(([path, kind, base, ...limits]) => [path, kind, stored[path] ?? base, ...limits]);

/** What `given` means; a value that does not fit is reported and its default taken. */
export function readOptions<Options>(
  rows: OptionRow[],
  given: Given,
  fits: Fits,
  report?: (path: string) => void,
): Options {
  const options: Record<string, unknown> = {};
  for (const [path, kind, base, limits] of rows) {
    const [group = "", name] = path.split(".");
    let value = given(path);
    if (kind === "n" && value) value = +(value as string);
    if (kind === "b" && typeof value === "string") value = value !== "false"; // a bare attribute is a yes
    let chosen = base;
    if ((value ?? "") !== "") {
      if (fits(value, kind, base, limits)) chosen = value;
      else report?.(path);
    }
    options[group] = name ? { ...(options[group] as object), [name]: chosen } : chosen;
  }
  return options as Options;
}

/** Good enough to draw the launcher; the panel looks closer. */
export const fitsRoughly: Fits = (value, kind, base, limits = []) =>
  kind === "n"
    ? isBetween(value as number, limits)
    : kind === "e"
      ? limits.includes(value as string)
      : typeof value === (base === null ? "function" : typeof base);

export const isBetween = (value: number, [low = 0, high = 0]: (string | number)[]): boolean =>
  value >= +low && value <= +high;
