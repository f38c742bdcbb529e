/** What a conversation can be in and how it moves on: pure, no page and no network. */

export type Phase =
  | "idle"
  | "consent"
  | "requesting"
  | "connecting"
  | "listening"
  | "thinking"
  | "speaking"
  | "reconnecting"
  | "ended"
  | "error";

/** The phases, and `muted`, which stands over the live ones. This is what the host page is told. */
export type Shown = Phase | "muted";

export type Mode = "voice" | "text";

export interface CallState {
  readonly phase: Phase;
  readonly mode: Mode;
  readonly muted: boolean;
  /** Why it ended, once it has. */
  readonly reason: string;
  /** The stable code, in phase `error`. */
  readonly error: string;
}

export type Step =
  | { type: "ask" | "decline" | "request" | "live" | "lost" | "restart" }
  | { type: "connect"; mode: Mode }
  | { type: "turn"; to: "listening" | "thinking" | "speaking" }
  | { type: "mute"; on: boolean }
  | { type: "finish"; reason: string }
  | { type: "fail"; code: string };

/** Where each step leads, and from which phases; `ning` and `king` are how the three live ones end. */
const STEPS: Record<Exclude<Step["type"], "mute">, [to: Phase, from: RegExp]> = {
  ask: ["consent", /idle|requesting|^connecting|ended|error/],
  decline: ["idle", /consent/],
  request: ["requesting", /idle|consent|ning|king|ended|error/],
  connect: ["connecting", /./],
  live: ["listening", /requesting|connecting/],
  turn: ["listening", /ning|king/],
  lost: ["reconnecting", /^connecting|ning|king/],
  finish: ["ended", /idle|ing/],
  fail: ["error", /./],
  restart: ["idle", /requesting|^connecting|ended|error/],
};

export const FIRST: CallState = { phase: "idle", mode: "voice", muted: false, reason: "", error: "" };

/** The state after `step`; the same object when the step means nothing in this phase. */
export function next(state: CallState, step: Step): CallState {
  if (step.type === "mute") return step.on === state.muted ? state : { ...state, muted: step.on };
  const [to, from] = STEPS[step.type];
  if (!from.test(state.phase)) return state;
  const phase = step.type === "turn" ? step.to : to;
  const mode = step.type === "connect" ? step.mode : state.mode;
  const reason = step.type === "finish" ? step.reason : "";
  const error = step.type === "fail" ? step.code : "";
  if (phase === state.phase && mode === state.mode && error === state.error) return state;
  return { phase, mode, muted: state.muted, reason, error };
}

export const isLive = ({ phase }: CallState): boolean => /ning|king/.test(phase);

/** Whether a conversation goes on, connected or about to be again. */
export const isOngoing = (state: CallState): boolean => isLive(state) || state.phase === "reconnecting";

/** The one word for the host page and the header: `muted` wins while we would be listening. */
export const shown = (state: CallState): Shown =>
  state.muted && state.mode === "voice" && state.phase === "listening" ? "muted" : state.phase;
