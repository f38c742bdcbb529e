/** The words of a call as bubbles in step with the sound: the current one marked, a click seeks, a search marks. */

import { el } from "../ui/el";
import { clock, type Segment, segmentAt } from "./model";
import type { T } from "./words";

/** A reader who scrolled is left alone this long. */
const READING_MS = 8_000;

export class Transcript {
  readonly view: HTMLElement;
  private readonly _log = el("ol", { class: "log" });
  private readonly _count = el("span", { class: "soft", role: "status" });
  private readonly _search: HTMLInputElement;
  private _segments: readonly Segment[] = [];
  private _bubbles: HTMLButtonElement[] = [];
  private _found: HTMLButtonElement[] = [];
  private _current = -1;
  private _place = -1;
  private _readAt = -READING_MS;

  constructor(
    private readonly t: T,
    private readonly seek: (second: number) => void,
  ) {
    const step = (key: "next" | "previous", by: number) =>
      el("button", { type: "button", onclick: () => this._step(by) }, t(key));
    this._search = el("input", {
      type: "search",
      "aria-label": t("search"),
      placeholder: t("search"),
      oninput: () => this._mark(),
      onkeydown: (event: KeyboardEvent) => event.key === "Enter" && this._step(event.shiftKey ? -1 : 1),
    });
    const bar = el("div", { class: "bar" }, this._search, step("previous", -1), step("next", 1), this._count);
    this.view = el("section", { class: "card", "aria-label": t("transcript") }, bar, this._log);
    for (const type of ["wheel", "touchmove"]) addEventListener(type, () => this._reading(), { passive: true });
  }

  /** All that was said so far. */
  show(fresh: readonly Segment[]): void {
    if (fresh.length === this._segments.length) return;
    this._segments = [...fresh].sort((a, b) => a.t0_ms - b.t0_ms);
    this._bubbles = this._segments.map(({ text, side, t0_ms }) =>
      el(
        "button",
        { type: "button", class: "bubble", onclick: () => this.seek(t0_ms / 1000) },
        el("span", { dir: "auto" }, text),
        el("span", { class: "code" }, `${this.t(side)} · ${clock(t0_ms / 1000)}`),
      ),
    );
    this._log.replaceChildren(
      ...this._bubbles.map((bubble, at) => el("li", { class: this._segments[at]?.side ?? "" }, bubble)),
    );
    this._current = -1;
    this._mark();
  }

  /** The sound is at `second`. */
  at(second: number): void {
    const now = segmentAt(this._segments, second * 1000);
    if (now === this._current) return;
    this._bubbles[this._current]?.removeAttribute("aria-current");
    this._current = now;
    this._bubbles[now]?.setAttribute("aria-current", "true");
    if (performance.now() - this._readAt > READING_MS) this._bubbles[now]?.scrollIntoView({ block: "nearest" });
  }

  private _reading(): void {
    this._readAt = performance.now();
  }

  private _step(by: number): void {
    if (!this._found.length) return;
    this._place = (this._place + by + this._found.length) % this._found.length;
    this._reading();
    this._found[this._place]?.scrollIntoView({ block: "center" });
    this._count.textContent = `${this._place + 1} / ${this._found.length}`;
  }

  private _mark(): void {
    const wish = this._search.value.trim().toLowerCase();
    this._found = [];
    this._place = -1;
    this._segments.forEach(({ text }, at) => {
      const bubble = this._bubbles[at] as HTMLButtonElement;
      const begin = wish ? text.toLowerCase().indexOf(wish) : -1;
      const end = begin + wish.length;
      const parts =
        begin < 0 ? [text] : [text.slice(0, begin), el("mark", {}, text.slice(begin, end)), text.slice(end)];
      bubble.firstElementChild?.replaceChildren(...parts);
      if (begin >= 0) this._found.push(bubble);
    });
    this._count.textContent = wish ? this.t("found", { n: String(this._found.length) }) : "";
  }
}
