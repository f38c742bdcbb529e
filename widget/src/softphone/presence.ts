/** An open socket while the call goes on. Nothing is told on it: its end tells the server at once that this page is gone. */

const PING_MS = 15_000;
const RETRY_MS = 3_000;
/** The server wants no socket: wrong token, another one opened, no call any more. */
const FINAL = [4401, 4409, 4410];

export class Presence {
  private _socket: WebSocket | null = null;
  private _pinging: ReturnType<typeof setInterval> | undefined;
  private _timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly _token: () => string) {}

  /** Open one, in place of the one before: after a lost network nobody knows whether that still reaches anybody. */
  open(): void {
    this.close();
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/embed/socket`);
    this._socket = socket;
    const say = (message: object) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(message));
    socket.onopen = () => say({ type: "hello", token: this._token() });
    socket.onclose = ({ code }) => {
      clearInterval(this._pinging);
      if (!FINAL.includes(code)) this._timer = setTimeout(() => this.open(), RETRY_MS);
    };
    this._pinging = setInterval(() => say({ type: "ping" }), PING_MS);
  }

  close(): void {
    clearInterval(this._pinging);
    clearTimeout(this._timer);
    if (!this._socket) return;
    this._socket.onopen = this._socket.onclose = null;
    this._socket.close();
    this._socket = null;
  }
}
