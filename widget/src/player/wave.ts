/** The two lanes of a recording over one time line: the customer above, our side below; a slider for ear and keys. */

import type { Peaks } from "./model";

const BAR = 3;
const STEP = 4;
/** A recording that is quiet all along is not blown up to full height. */
const QUIETEST_MAX = 24;
const KEYS: Record<string, number> = {
  ArrowLeft: -5,
  ArrowRight: 5,
  ArrowDown: -5,
  ArrowUp: 5,
  PageDown: -30,
  PageUp: 30,
};

/** Draws itself when told; `seek` gets seconds. The canvas is the slider. */
export function wave(canvas: HTMLCanvasElement, seconds: () => number, seek: (to: number) => void) {
  let peaks: Peaks | null = null;
  let now = 0;
  let bars = new Path2D();

  /** For the present width: drawn many times, measured once. */
  function measure(): void {
    const { clientWidth: width, clientHeight: height } = canvas;
    canvas.width = width * devicePixelRatio;
    canvas.height = height * devicePixelRatio;
    bars = peaks ? barsOf(peaks, width, height, seconds()) : new Path2D();
    draw();
  }

  function draw(): void {
    const paint = canvas.getContext("2d");
    if (!paint) return;
    const { clientWidth: width, clientHeight: height } = canvas;
    const { color, caretColor } = getComputedStyle(canvas);
    const x = seconds() ? (now / seconds()) * width : 0;
    paint.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    paint.clearRect(0, 0, width, height);
    paint.fillStyle = caretColor;
    paint.fill(bars);
    paint.save();
    paint.beginPath();
    paint.rect(0, 0, x, height);
    paint.clip();
    paint.fillStyle = color;
    paint.fill(bars);
    paint.restore();
    paint.fillStyle = color;
    paint.fillRect(Math.min(x, width - 2), 0, 2, height);
  }

  const to = (event: PointerEvent) => {
    const { left, width } = canvas.getBoundingClientRect();
    seek(((event.clientX - left) / width) * seconds());
  };
  canvas.addEventListener("pointerdown", (event: PointerEvent) => {
    canvas.setPointerCapture(event.pointerId);
    to(event);
  });
  canvas.addEventListener(
    "pointermove",
    (event: PointerEvent) => canvas.hasPointerCapture(event.pointerId) && to(event),
  );
  canvas.addEventListener("keydown", (event: KeyboardEvent) => {
    const by = KEYS[event.key];
    if (by) seek(now + by);
    else if (event.key === "Home") seek(0);
    else if (event.key === "End") seek(seconds());
    else return;
    event.preventDefault();
  });
  new ResizeObserver(measure).observe(canvas);
  matchMedia("(prefers-color-scheme:dark)").onchange = matchMedia("(forced-colors:active)").onchange = draw;
  return {
    show(fresh: Peaks) {
      peaks = fresh;
      measure();
    },
    at(second: number) {
      now = second;
      draw();
    },
  };
}

function barsOf(peaks: Peaks, width: number, height: number, seconds: number): Path2D {
  const bars = new Path2D();
  const middle = height / 2;
  const count = (seconds * peaks.per_second * STEP) / width;
  const values = [...atob(peaks.values)].map((one) => one.charCodeAt(0));
  const loudest = Math.max(QUIETEST_MAX, ...values);
  for (let x = 0; x < width; x += STEP) {
    const from = Math.floor((x / STEP) * count);
    const heard = values.slice(2 * from, 2 * (from + Math.ceil(count)));
    const tall = (side: number) =>
      1 + (Math.max(0, ...heard.filter((_, at) => at % 2 === side)) / loudest) * (middle - 3);
    bars.rect(x, middle - 1 - tall(0), BAR, tall(0));
    bars.rect(x, middle + 1, BAR, tall(1));
  }
  return bars;
}
