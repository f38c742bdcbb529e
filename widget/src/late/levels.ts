/** How loud each side is, 0 to 1: two analysers, nothing recorded, no worklet. */

export type Side = "you" | "agent";

/** A voice at arm's length is around -30 dBFS; the meter is full at -18. */
const FULL_DB = -18;
const FLOOR_DB = -60;

export class Levels {
  private readonly _sides = new Map<Side, { source: MediaStreamAudioSourceNode; analyser: AnalyserNode }>();
  private readonly _samples = new Float32Array(512);

  /** A page without AudioContext talks all the same, without a meter. */
  constructor(private readonly context: () => AudioContext | null) {}

  listen(side: Side, stream: MediaStream | null): void {
    this._sides.get(side)?.source.disconnect();
    this._sides.delete(side);
    const context = stream?.getAudioTracks().length ? this.context() : null;
    if (!context || !stream) return;
    const source = context.createMediaStreamSource(stream);
    const analyser = context.createAnalyser();
    analyser.fftSize = this._samples.length;
    source.connect(analyser);
    this._sides.set(side, { source, analyser });
  }

  /** The present level, or null when this side cannot be measured. */
  read(side: Side): number | null {
    const analyser = this._sides.get(side)?.analyser;
    if (analyser?.context.state !== "running") return null;
    analyser.getFloatTimeDomainData(this._samples);
    const power = this._samples.reduce((sum, sample) => sum + sample * sample, 0) / this._samples.length;
    return Math.min(1, Math.max(0, (10 * Math.log10(power + 1e-12) - FLOOR_DB) / (FULL_DB - FLOOR_DB)));
  }

  close(): void {
    this.listen("you", null);
    this.listen("agent", null);
  }
}
