/** The two lanes of a recording over one time line: the customer above, our side below; a slider for ear and keys. */

import { afterPicture } from "../ui/node";
import type { Peaks } from "./model";

const BAR = 3;
const STEP = 4;
/** A recording that is quiet all along is not blown up to full height. */
const QUIETEST_MAX = 24;
/** In seconds; whoever seeks stops at the ends. */
const KEYS: Record<string, number> = {
  ArrowLeft: -5,
  ArrowRight: 5,
  ArrowDown: -5,
  ArrowUp: 5,
  PageDown: -30,
  PageUp: 30,
  Home: -Infinity,
  End: Infinity,
};

/** Draws itself when told; `seek` gets seconds. The canvas is the slider. */
export function wave(canvas: HTMLCanvasElement, seconds: () => number, seek: (to: number) => void) {
  const paint = canvas.getContext("2d");
  let peaks: Peaks | null = null;
  let now = 0;
  /** For the present width and peaks: drawn many times, measured once. */
  let bars: number[] | null = null;
  /** In CSS pixels, as the browser tells it: asked, it would have to lay the page out at once. */
  let [width, height] = [0, 0];
  let coming = 0;

  /** With the next picture, however often it is asked for. */
  const drawSoon = () => {
    if (!coming) coming = requestAnimationFrame(draw);
  };

  function draw(): void {
    coming = 0;
    if (!paint || !peaks || !width) return;
    const middle = Math.round(height / 2);
    if (!bars) {
      canvas.width = width * devicePixelRatio;
      canvas.height = height * devicePixelRatio;
      paint.scale(devicePixelRatio, devicePixelRatio);
      bars = barsOf(peaks, width, middle - 2, seconds());
    }
    const { color, caretColor } = getComputedStyle(canvas);
    const x = seconds() ? (now / seconds()) * width : 0;
    paint.clearRect(0, 0, width, height);
    fill(caretColor, x, width);
    fill(color, 0, x);
    paint.clearRect(0, middle - 1, width, 2);
    paint.fillStyle = color;
    paint.fillRect(Math.min(x, width - 2), 0, 2, height);
  }

  /** What lies between `from` and `to`: rectangles, not one path, which takes ten times as long without a graphics card. */
  function fill(colour: string, from: number, to: number): void {
    if (!paint || !bars) return;
    paint.fillStyle = colour;
    const middle = Math.round(height / 2);
    for (let bar = 0; bar < bars.length; bar += 2) {
      const up = (bars[bar] ?? 0) + 1;
      const left = Math.max(from, (bar / 2) * STEP);
      const right = Math.min(to, (bar / 2) * STEP + BAR);
      if (left < right) paint.fillRect(left, middle - up, right - left, up + 1 + (bars[bar + 1] ?? 0));
    }
  }

  listen(canvas, seconds, seek, () => now);
  new ResizeObserver(([seen]) => {
    ({ width, height } = seen?.contentRect ?? { width, height });
    bars = null;
    draw();
  }).observe(canvas);
  afterPicture(() => {
    matchMedia("(prefers-color-scheme:dark)").onchange = matchMedia("(forced-colors:active)").onchange = drawSoon;
  });
  return {
    show(fresh: Peaks) {
      peaks = fresh;
      bars = null;
      drawSoon();
    },
    at(second: number) {
      now = second;
      drawSoon();
    },
  };
}

function listen(canvas: HTMLCanvasElement, seconds: () => number, seek: (to: number) => void, now: () => number): void {
  const to = (event: PointerEvent) => {
    seek((event.offsetX / canvas.clientWidth) * seconds());
  };
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    to(event);
  };
  canvas.onpointermove = (event) => canvas.hasPointerCapture(event.pointerId) && to(event);
  canvas.onkeydown = (event) => {
    const by = KEYS[event.key];
    if (!by) return;
    seek(now() + by);
    event.preventDefault();
  };
}

/** Of every bar in turn how far it goes up and how far down, at most `tallest`. */
function barsOf(peaks: Peaks, width: number, tallest: number, seconds: number): number[] {
  const count = (seconds * peaks.per_second * STEP) / width;
  const values = atob(peaks.values);
  const bars: number[] = [];
  let loudest = QUIETEST_MAX;
  for (let bar = 0; bar * STEP < width; bar += 1) {
    const from = Math.floor(bar * count);
    for (const side of [0, 1]) {
      let most = 0;
      for (let peak = from; peak < from + count && 2 * peak < values.length; peak += 1) {
        most = Math.max(most, values.charCodeAt(2 * peak + side));
      }
      loudest = Math.max(loudest, most);
      bars.push(most);
    }
  }
  return bars.map((most) => 1 + Math.round((most / loudest) * (tallest - 1)));
}
