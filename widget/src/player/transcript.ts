/** The words of a call as bubbles in step with the sound: the current one marked, a click seeks, a search marks. */

import { afterPicture, node } from "../ui/node";
import { clock, type Segment, segmentAt } from "./model";
import type { T } from "./words";

/** Bubbles made at once: what a window shows of them first. */
const FIRST = 8;
/** The rest follows as many at a time, and between them the page does what is to do. */
const MANY = 20;
const PAUSE_MS = 30;

export class Transcript {
  readonly view: HTMLElement;
  private readonly _log = node("ol", {
    class: "log",
    onclick: ({ target }: MouseEvent) => {
      const bubble = (target as Element).closest<HTMLButtonElement>(".bubble");
      const said = bubble && this._segments[this._bubbles.indexOf(bubble)];
      if (said) this.seek(said.t0_ms / 1000);
    },
  });
  private readonly _count = node("span", { class: "soft", role: "status" });
  private readonly _search: HTMLInputElement;
  /** Where the search will be: a browser looks a form's field over before anything else, so it comes after a picture. */
  private readonly _find: HTMLElement;
  private readonly _back: HTMLButtonElement;
  private _segments: readonly Segment[] = [];
  private _bubbles: HTMLButtonElement[] = [];
  private _found: HTMLButtonElement[] = [];
  private _current = -1;
  private _place = -1;

  /** `top`: what may lie over the words at the window's upper edge. */
  constructor(
    private readonly t: T,
    private readonly top: HTMLElement,
    private readonly seek: (second: number) => void,
  ) {
    const step = (key: "next" | "previous", by: number) =>
      node("button", { class: key, "aria-label": t(key), onclick: () => this._step(by) });
    this._find = node("span", { class: "button find" }, t("search"));
    this._search = node("input", {
      class: "find",
      type: "search",
      "aria-label": t("search"),
      placeholder: t("search"),
      oninput: () => this._mark(),
      onkeydown: (event: KeyboardEvent) => event.key === "Enter" && this._step(event.shiftKey ? -1 : 1),
    });
    this._back = node("button", { class: "back", hidden: true, onclick: () => this._return() }, t("follow"));
    const bar = node("div", { class: "bar" }, this._find, this._count, step("previous", -1), step("next", 1));
    this.view = node("section", { class: "card said", "aria-label": t("transcript") }, bar, this._log, this._back);
    addEventListener("scroll", () => this._scrolled(), { passive: true });
  }

  /** All that was said so far. */
  show(fresh: readonly Segment[]): void {
    if (fresh.length === this._segments.length) return;
    this._segments = [...fresh].sort((a, b) => a.t0_ms - b.t0_ms);
    this._bubbles = [];
    this._log.replaceChildren();
    this._current = -1;
    this._build(FIRST);
    afterPicture(() => {
      this._find.replaceWith(this._search);
      this._goOn();
    });
    this._mark();
  }

  private _goOn(): void {
    this._build(this._bubbles.length + MANY);
    if (this._bubbles.length < this._segments.length) setTimeout(() => this._goOn(), PAUSE_MS);
  }

  /** The bubbles up to number `end`. */
  private _build(end: number): void {
    const fresh = this._segments.slice(this._bubbles.length, end).map(({ text, side, t0_ms }) => {
      const bubble = node(
        "button",
        { class: "bubble" },
        node("span", { dir: "auto" }, text),
        node("span", { class: "code" }, `${this.t(side)} · ${clock(t0_ms / 1000)}`),
      );
      this._bubbles.push(bubble);
      return node("li", { class: side }, bubble);
    });
    this._log.append(...fresh);
  }

  /** The sound is at `second`. */
  at(second: number): void {
    const now = segmentAt(this._segments, second * 1000);
    if (now === this._current) return;
    if (now >= this._bubbles.length) this._build(now + MANY);
    const [before, bubble] = [this._bubbles[this._current], this._bubbles[now]];
    this._current = now;
    if (before) before.ariaCurrent = null;
    if (bubble) bubble.ariaCurrent = "true";
    if (second && this._back.hidden) this._show(bubble, "nearest");
  }

  /** Whoever scrolls the current words out of sight reads something else: they are left alone until they come back. */
  private _scrolled(): void {
    const { top = 0, bottom = 0 } = this._bubbles[this._current]?.getBoundingClientRect() ?? {};
    this._back.hidden = this._current < 0 || (bottom > this.top.getBoundingClientRect().bottom && top < innerHeight);
  }

  private _return(): void {
    const bubble = this._bubbles[this._current];
    bubble?.focus({ preventScroll: true });
    this._show(bubble, "center");
  }

  private _show(bubble: HTMLElement | undefined, block: ScrollLogicalPosition): void {
    // Not the page's own scroll padding: a control that gets the focus up there would move the page.
    this._log.style.setProperty("--top", `${this.top.offsetHeight + 8}px`);
    bubble?.scrollIntoView({ block });
  }

  private _step(by: number): void {
    const many = this._found.length;
    if (!many) return;
    this._found[this._place]?.classList.remove("here");
    this._place = (this._place + (this._place < 0 && by < 0 ? 0 : by) + many) % many;
    const bubble = this._found[this._place];
    bubble?.classList.add("here");
    this._show(bubble, "center");
    this._count.textContent = `${this._place + 1} / ${many}`;
  }

  private _mark(): void {
    const wish = this._search.value.trim().toLowerCase();
    if (!wish && !this._count.textContent) return;
    this._build(Infinity);
    this._found = [];
    this._place = -1;
    this._segments.forEach(({ text }, at) => {
      const bubble = this._bubbles[at] as HTMLButtonElement;
      const begin = wish ? text.toLowerCase().indexOf(wish) : -1;
      const end = begin + wish.length;
      const parts =
        begin < 0 ? [text] : [text.slice(0, begin), node("mark", {}, text.slice(begin, end)), text.slice(end)];
      bubble.classList.remove("here");
      bubble.firstElementChild?.replaceChildren(...parts);
      if (begin >= 0) this._found.push(bubble);
    });
    this._count.textContent = wish ? this.t("found", { n: String(this._found.length) }) : "";
  }
}
