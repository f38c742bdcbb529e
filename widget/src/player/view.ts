/** The whole player: who and when, the sound with its two lanes, the verdict, the words. */

import { el, listen } from "../ui/el";
import type { PlayerApi } from "./api";
import { clock, type Peaks, type Replay, readPeaks, silenceEnd } from "./model";
import { Transcript } from "./transcript";
import { wave } from "./wave";
import type { Key, T } from "./words";

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3];
const JUMP_S = 10;

export class Player {
  readonly view: HTMLElement;
  private readonly _audio = el("audio", { preload: "metadata" });
  private readonly _canvas: HTMLCanvasElement;
  private readonly _title = el("h1");
  private readonly _about = el("p", { class: "soft" });
  private readonly _note = el("p", { class: "soft", role: "status" });
  private readonly _time = el("span", { class: "time" });
  private readonly _play: HTMLButtonElement;
  private readonly _skip: HTMLButtonElement;
  private readonly _sound: HTMLElement[];
  private readonly _files: HTMLElement[];
  private readonly _mp3: HTMLAnchorElement;
  private readonly _verdict: HTMLElement;
  private readonly _words: Transcript;
  private readonly _lanes: ReturnType<typeof wave>;
  private _length = 0;
  private _peaks: Peaks | null = null;
  private _isReady = false;

  /** `startAt` in seconds. */
  constructor(
    private readonly t: T,
    private readonly api: PlayerApi,
    private readonly startAt: number,
  ) {
    this._canvas = el("canvas", { role: "slider", tabindex: 0, "aria-label": t("position"), "aria-valuemin": 0 });
    this._play = el("button", { type: "button", class: "play", onclick: () => this._toggle() });
    this._skip = el("button", { type: "button", "aria-pressed": "false", onclick: () => this._press() }, t("skip"));
    this._mp3 = el("a", { class: "button", download: "", hidden: true }, t("download"));
    this._files = (["vtt", "srt"] as const).map((form) =>
      el("button", { type: "button", onclick: () => void this._save(form) }, form.toUpperCase()),
    );
    this._verdict = el("section", { class: "card", hidden: true, "aria-label": t("summary") });
    this._words = new Transcript(t, (second) => {
      this._seek(second);
      void this._audio.play();
    });
    const [speed, copy] = [this._speed(), this._copy()];
    this._sound = [this._canvas, this._play, speed, this._skip, copy];
    const bar = el("div", { class: "bar" }, this._play, speed, this._skip, copy, this._mp3, ...this._files, this._time);
    const head = el("header", {}, this._title, this._about);
    this.view = el("main", {}, head, this._note, this._canvas, bar, this._verdict, this._words.view, this._audio);
    this._lanes = wave(
      this._canvas,
      () => this._length,
      (second) => this._seek(second),
    );
    for (const type of ["timeupdate", "play", "pause", "ended", "seeked", "loadedmetadata"]) {
      listen(this._audio, type, () => this._tell());
    }
    listen(document, "keydown", (event: KeyboardEvent) => this._key(event));
  }

  /** Show what the server knows by now. Throws `Problem`. */
  async take(replay: Replay): Promise<void> {
    const { call, recording, transcript, analysis } = replay;
    const said = transcript.segments;
    this._title.textContent = call.name || call.to;
    this._about.textContent = [new Date(call.created_at).toLocaleString(), call.name && call.to, call.outcome ?? ""]
      .filter(Boolean)
      .join(" · ");
    this._length = Math.max(recording.duration_ms, ...said.map(({ t1_ms }) => t1_ms), 0) / 1000;
    this._note.textContent = noteOf(this.t, replay);
    for (const part of this._sound) part.hidden = recording.state !== "ready";
    for (const part of [this._words.view, ...this._files]) part.hidden = !said.length;
    this._words.show(said);
    if (recording.state === "ready" && recording.url && !this._isReady) await this._load(recording.url);
    this._verdict.hidden = analysis.state !== "ready";
    if (analysis.state === "ready") this._verdict.replaceChildren(...verdictOf(this.t, analysis));
    this._tell();
  }

  private async _load(url: string): Promise<void> {
    this._isReady = true;
    this._audio.src = url;
    this._mp3.href = `${url}&download=1`;
    this._mp3.hidden = false;
    if (this.startAt) this._audio.addEventListener("loadedmetadata", () => this._seek(this.startAt), { once: true });
    this._peaks = readPeaks(await this.api.peaks());
    this._lanes.show(this._peaks);
  }

  private _seek(second: number): void {
    this._audio.currentTime = Math.max(0, Math.min(this._length, second));
    this._tell();
  }

  private _toggle(): void {
    if (this._audio.paused) void this._audio.play();
    else this._audio.pause();
  }

  private _press(): void {
    this._skip.setAttribute("aria-pressed", String(this._skip.getAttribute("aria-pressed") !== "true"));
  }

  private _speed(): HTMLSelectElement {
    const options = SPEEDS.map((rate) => el("option", { value: rate, selected: rate === 1 }, `${rate}×`));
    const change = (event: Event) => {
      this._audio.playbackRate = Number((event.target as HTMLSelectElement).value);
    };
    return el("select", { "aria-label": this.t("speed"), onchange: change }, ...options);
  }

  private _copy(): HTMLButtonElement {
    const button = el("button", { type: "button" }, this.t("copyAt"));
    button.onclick = async () => {
      const page = (document.referrer || location.href).split("#")[0];
      await navigator.clipboard.writeText(`${page}#t=${Math.floor(this._audio.currentTime)}`);
      button.textContent = this.t("copied");
    };
    return button;
  }

  private async _save(form: "vtt" | "srt"): Promise<void> {
    const url = URL.createObjectURL(await this.api.file(form));
    el("a", { href: url, download: `transcript.${form}` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  }

  private _key(event: KeyboardEvent): void {
    if (event.target instanceof HTMLElement && event.target.closest("input,select,button,a")) return;
    if (event.key === " " || event.key === "k") this._toggle();
    else if (event.key === "j") this._seek(this._audio.currentTime - JUMP_S);
    else if (event.key === "l") this._seek(this._audio.currentTime + JUMP_S);
    else return;
    event.preventDefault();
  }

  private _tell(): void {
    const { currentTime: now, paused } = this._audio;
    const [at, end] = [clock(now), clock(this._length)];
    this._time.textContent = `${at} / ${end}`;
    this._canvas.setAttribute("aria-valuemax", String(Math.round(this._length)));
    this._canvas.setAttribute("aria-valuenow", String(Math.round(now)));
    this._canvas.setAttribute("aria-valuetext", this.t("of", { now: at, end }));
    this._play.textContent = this.t(paused ? "play" : "pause");
    this._lanes.at(now);
    this._words.at(now);
    const skips = !paused && this._skip.getAttribute("aria-pressed") === "true";
    const spoken = skips && this._peaks ? silenceEnd(this._peaks, now) : null;
    if (spoken !== null && spoken < this._length) this._audio.currentTime = spoken;
  }
}

function noteOf(t: T, { recording, transcript }: Replay): string {
  if (recording.state === "recording" || recording.state === "processing") return t("processing");
  const sound: Key | "" = recording.state === "failed" ? "failed" : recording.state === "none" ? "noRecording" : "";
  const words: Key | "" =
    transcript.state === "unavailable" ? "noLanguage" : transcript.segments.length ? "" : "noWords";
  return [sound, words].flatMap((key) => (key ? [t(key)] : [])).join(" ");
}

function verdictOf(t: T, verdict: Replay["analysis"]): HTMLElement[] {
  const engine = verdict.engine === "extractive" ? t("builtin") : (verdict.engine ?? "");
  const facts: [Key, string][] = [
    ["interest", `${verdict.interest_level}/10`],
    ["sentiment", t((verdict.sentiment ?? "neutral") as Key)],
    ["score", `${verdict.lead_score}/100`],
  ];
  return [
    el("h2", {}, t("summary")),
    el("p", { dir: "auto" }, verdict.summary ?? ""),
    el("dl", {}, ...facts.map(([key, value]) => el("div", {}, el("dt", {}, t(key)), el("dd", {}, value)))),
    el("p", { class: "soft" }, t("by", { engine })),
  ];
}
