/** The whole player: who and when, the sound with its two lanes, the verdict, the words. */

import { codeOf } from "../core/errors";
import { afterPicture, node } from "../ui/node";
import type { PlayerApi } from "./api";
import { clock, isBeingMade, otherNumber, type Peaks, type Replay, silenceEnd } from "./model";
import { Transcript } from "./transcript";
import { wave } from "./wave";
import type { Key, T } from "./words";

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3];
const JUMPS: Record<string, number> = { j: -10, l: 10 };
const COPIED_MS = 2_000;

export class Player {
  readonly view: HTMLElement;
  private readonly _audio = node("audio", { preload: "metadata" });
  private readonly _canvas: HTMLCanvasElement;
  private readonly _title = node("h1", { dir: "auto" });
  private readonly _about = node("p", { class: "soft" });
  private readonly _note = node("p", { class: "note", role: "status" });
  private readonly _time = node("span", { class: "time", dir: "ltr" });
  /** Where the menu of speeds will be. */
  private readonly _rate = node("span", { class: "button rate" }, "1×");
  private readonly _play: HTMLButtonElement;
  private readonly _skip: HTMLButtonElement;
  private readonly _mp3: HTMLAnchorElement;
  private readonly _verdict: HTMLElement;
  private readonly _words: Transcript;
  private readonly _lanes: ReturnType<typeof wave>;
  private _length = 0;
  private _peaks: Peaks | null = null;
  private _url = "";
  private _isAttached = false;
  /** Where the sound broke off last: a second break at the same place is told, not tried again. */
  private _brokeAt = -1;

  /** `startAt` in seconds; `fail` shows a refusal instead of the player. */
  constructor(
    private readonly t: T,
    private readonly api: PlayerApi,
    private readonly startAt: number,
    private readonly fail: (code: string) => void,
  ) {
    this._canvas = node("canvas", { role: "slider", "aria-label": t("position"), "aria-valuemin": 0 });
    this._play = node("button", { class: "play", onclick: () => this._toggle() });
    this._skip = node("button", { "aria-pressed": "false", onclick: () => this._press() }, t("skip"));
    this._mp3 = node("a", { class: "button ready", download: "" }, "MP3");
    const texts = (["vtt", "srt"] as const).map((form) =>
      node("button", { class: "said", onclick: () => void this._save(form) }, form.toUpperCase()),
    );
    this._verdict = node("section", { class: "card", "aria-label": t("summary") });
    const controls = node("div", { class: "bar ready" }, this._play, this._time, this._rate, this._skip);
    const lane = (side: "customer" | "ours") => node("span", { class: `lane ${side}` }, t(side));
    const lanes = node("div", { class: "lanes" }, this._canvas, lane("customer"), lane("ours"));
    const sound = node("section", { class: "sound", "aria-label": t("title") }, lanes, controls);
    this._words = new Transcript(t, sound, (second) => {
      if (!this._url) return;
      this._seek(second);
      this._start();
    });
    const files = node("div", { class: "bar files", role: "group", "aria-label": t("download") }, this._mp3, ...texts);
    const keep = node("div", { class: "bar keep" }, this._copy(), files);
    const head = node("header", {}, this._title, this._about);
    const parts = [head, this._note, sound, keep, this._verdict, this._words.view];
    this.view = node("main", { "aria-busy": "true" }, ...parts);
    this._lanes = wave(
      this._canvas,
      () => this._length,
      (second) => this._seek(second),
    );
    this._listen();
    this._tell();
  }

  /** Show what the server knows by now. */
  take(replay: Replay): void {
    const { call, recording, transcript, analysis } = replay;
    const said = transcript.segments;
    const number = otherNumber(call);
    const who = call.name || number;
    const isReady = recording.state === "ready";
    this._title.textContent = document.title = who;
    const when = node("bdi");
    this._about.replaceChildren(...(call.name ? [node("bdi", { dir: "ltr" }, number), " · "] : []), when);
    // After the first picture: a browser takes long to load what it needs for its first date, menu or sound.
    afterPicture(() => {
      when.textContent = new Date(call.created_at).toLocaleString(document.documentElement.lang, SHORT);
      if (!this._audio.isConnected) {
        this.view.append(this._audio);
        this._rate.replaceWith(this._speed());
      }
      this._attach();
    });
    this._length = Math.max(recording.duration_ms, ...said.map(({ t1_ms }) => t1_ms), 0) / 1000;
    if (isReady && recording.duration_ms) this._length = recording.duration_ms / 1000;
    this._note.textContent = noteOf(this.t, replay);
    // What of the page is of use now: the style sheet hides the rest.
    this.view.ariaBusy = null;
    Object.assign(this.view.dataset, { sound: recording.state, said: said.length });
    this._canvas.tabIndex = isReady ? 0 : -1;
    this._canvas.ariaDisabled = String(!isReady);
    this._words.show(said);
    if (isReady && recording.url && !this._url) this._sound(recording.url, this.startAt);
    this._peaks = replay.peaks;
    this._lanes.show(replay.peaks);
    if (analysis.state === "ready") this._verdict.replaceChildren(...verdictOf(this.t, analysis));
    this._tell();
  }

  private _listen(): void {
    for (const type of ["timeupdate", "play", "pause"]) {
      this._audio.addEventListener(type, () => this._tell());
    }
    this._audio.addEventListener("play", () => this._run());
    this._audio.addEventListener("error", () => void this._again());
    document.onpointerdown = () => void this.api.stay();
    document.onkeydown = (event) => this._key(event);
  }

  /** Where the sound is, and the second it goes on at. Loaded once it is attached. */
  private _sound(url: string, at: number): void {
    this._url = url;
    this._isAttached = false;
    this._mp3.href = `${url}&download=1`;
    if (at) this._seek(at);
  }

  private _attach(): void {
    if (!this._url || this._isAttached) return;
    this._isAttached = true;
    const { currentTime: at } = this._audio;
    this._audio.src = this._url;
    this._audio.currentTime = at;
  }

  /** The sound broke off: its address may be too old, so a fresh one goes on at the same place. */
  private async _again(): Promise<void> {
    const { currentTime: at, paused } = this._audio;
    const isNew = at !== this._brokeAt;
    this._brokeAt = at;
    try {
      const { recording } = isNew ? await this.api.replay() : { recording: null };
      if (!recording?.url) throw new Error();
      this._sound(recording.url, at);
      this._attach();
      if (!paused) this._start();
    } catch (thrown) {
      const code = codeOf(thrown);
      if (/^session|erased/.test(code)) this.fail(code);
      this._note.textContent = this.t("noSound");
    }
  }

  /** While it plays, the lanes move with every picture the screen shows. */
  private _run(): void {
    this._lanes.at(this._audio.currentTime);
    if (!this._audio.paused) requestAnimationFrame(() => this._run());
  }

  private _seek(second: number): void {
    if (!this._url) return;
    this._audio.currentTime = Math.max(0, Math.min(this._length, second));
    this._tell();
  }

  private _start(): void {
    this._attach();
    this._audio.play().catch(() => {}); // what went wrong is told by its own event
  }

  private _toggle(): void {
    if (this._audio.paused) this._start();
    else this._audio.pause();
  }

  private _press(): void {
    this._skip.ariaPressed = String(this._skip.ariaPressed !== "true");
  }

  private _speed(): HTMLSelectElement {
    const options = SPEEDS.map((rate) => new Option(`${rate}×`, `${rate}`, rate === 1, rate === 1));
    const speed = node("select", { class: "rate", "aria-label": this.t("speed") }, ...options);
    // The default too: it is what sound loaded anew begins with.
    speed.onchange = () => {
      this._audio.playbackRate = this._audio.defaultPlaybackRate = +speed.value;
    };
    return speed;
  }

  /** Copies the host page's address of this moment, or the time alone when it gave no form for one. */
  private _copy(): HTMLButtonElement {
    const name = this.t(this.api.linkTo(0) ? "copyLink" : "copyTime");
    const button = node("button", { class: "ready", "aria-live": "polite" }, name);
    button.onclick = async () => {
      const now = this._audio.currentTime;
      await copy(this.api.linkTo(now) || clock(now));
      button.textContent = this.t("copied");
      setTimeout(() => (button.textContent = name), COPIED_MS);
    };
    return button;
  }

  private async _save(form: "vtt" | "srt"): Promise<void> {
    const url = URL.createObjectURL(await this.api.file(form));
    node("a", { href: url, download: `transcript.${form}` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  }

  private _key(event: KeyboardEvent): void {
    void this.api.stay();
    if (event.target instanceof HTMLElement && event.target.closest("input,select,button,a")) return;
    if (event.ctrlKey || event.metaKey || event.altKey || !this._url) return;
    if (event.key === " " || event.key === "k") this._toggle();
    else if (JUMPS[event.key]) this._seek(this._audio.currentTime + (JUMPS[event.key] as number));
    else return;
    event.preventDefault();
  }

  private _tell(): void {
    const { currentTime: now, paused } = this._audio;
    const [at, end] = [clock(now), clock(this._length)];
    this._time.textContent = `${at} / ${end}`;
    this._canvas.ariaValueMax = String(Math.round(this._length));
    this._canvas.ariaValueNow = String(Math.round(now));
    this._canvas.ariaValueText = this.t("of", { now: at, end });
    this._play.textContent = this.t(paused ? "play" : "pause");
    this._lanes.at(now);
    if (!this._url) return;
    this._words.at(now);
    if (paused) return;
    void this.api.stay();
    if (this._skip.ariaPressed !== "true" || !this._peaks) return;
    const spoken = (silenceEnd(this._peaks, now * 1000) ?? Infinity) / 1000;
    if (spoken < this._length) this._audio.currentTime = spoken;
  }
}

const SHORT = { dateStyle: "medium", timeStyle: "short" } as const;

/** A frame without the right to the clipboard may still copy what is selected. */
async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const before = document.activeElement as HTMLElement | null;
    const box = node("textarea");
    box.value = text;
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
    before?.focus();
  }
}

function noteOf(t: T, { recording, transcript }: Replay): string {
  if (isBeingMade(recording.state)) return t("processing");
  const notes: string[] = [];
  if (recording.state !== "ready") notes.push(t(recording.state === "failed" ? "failed" : "noRecording"));
  if (!transcript.segments.length) notes.push(t(transcript.state === "unavailable" ? "noLanguage" : "noWords"));
  return notes.join(" ");
}

function verdictOf(t: T, verdict: Replay["analysis"]): HTMLElement[] {
  const engine = verdict.engine === "extractive" ? t("builtin") : (verdict.engine ?? "");
  const facts: [Key, string][] = [
    ["outcome", t(verdict.status ?? "no_conversation")],
    ["interest", `${verdict.interest_level}/10`],
    ["sentiment", t(verdict.sentiment ?? "neutral")],
    ["score", `${verdict.lead_score}/100`],
  ];
  return [
    node("h2", {}, t("summary")),
    node("p", { dir: "auto" }, verdict.summary ?? ""),
    node("dl", {}, ...facts.map(([key, value]) => node("div", {}, node("dt", {}, t(key)), node("dd", {}, value)))),
    node("p", { class: "soft" }, t("by", { engine })),
  ];
}
