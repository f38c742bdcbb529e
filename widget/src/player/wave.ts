/** The two lanes of a recording over one time line: the customer above, our side below; a slider for ear and keys. */

import { listen } from "../ui/el";
import type { Peaks } from "./model";

const BAR = 3;
const GAP = 1;
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
  let peaks: Peaks = { perSecond: 1, customer: new Uint8Array(), ours: new Uint8Array() };
  let now = 0;

  function draw(): void {
    const { clientWidth: width, clientHeight: height } = canvas;
    const scale = devicePixelRatio || 1;
    canvas.width = width * scale;
    canvas.height = height * scale;
    const paint = canvas.getContext("2d");
    if (!paint) return;
    paint.scale(scale, scale);
    const style = getComputedStyle(canvas);
    const [played, rest] = [style.getPropertyValue("--played"), style.getPropertyValue("--rest")];
    const middle = height / 2;
    const bars = Math.floor(width / (BAR + GAP));
    const step = Math.max(1, (seconds() * peaks.perSecond) / bars);
    for (let bar = 0; bar < bars; bar += 1) {
      paint.fillStyle = (bar * step) / peaks.perSecond < now ? played : rest;
      const up = loudest(peaks.customer, bar * step, step);
      const down = loudest(peaks.ours, bar * step, step);
      paint.fillRect(bar * (BAR + GAP), middle - 1 - up * (middle - 2), BAR, up * (middle - 2) + 1);
      paint.fillRect(bar * (BAR + GAP), middle + 1, BAR, down * (middle - 2) + 1);
    }
  }

  const to = (event: PointerEvent) => {
    const { left, width } = canvas.getBoundingClientRect();
    seek(Math.max(0, Math.min(1, (event.clientX - left) / width)) * seconds());
  };
  listen(canvas, "pointerdown", (event: PointerEvent) => {
    canvas.setPointerCapture(event.pointerId);
    to(event);
  });
  listen(canvas, "pointermove", (event: PointerEvent) => canvas.hasPointerCapture(event.pointerId) && to(event));
  listen(canvas, "keydown", (event: KeyboardEvent) => {
    const by = KEYS[event.key];
    if (by) seek(now + by);
    else if (event.key === "Home") seek(0);
    else if (event.key === "End") seek(seconds());
    else return;
    event.preventDefault();
  });
  new ResizeObserver(draw).observe(canvas);
  listen(matchMedia("(prefers-color-scheme: dark)"), "change", draw);
  return {
    show(fresh: Peaks) {
      peaks = fresh;
      draw();
    },
    at(second: number) {
      now = second;
      draw();
    },
  };
}

function loudest(lane: Uint8Array, from: number, count: number): number {
  let most = 0;
  for (let at = Math.floor(from); at < from + count && at < lane.length; at += 1) most = Math.max(most, lane[at] ?? 0);
  return most / 127;
}
