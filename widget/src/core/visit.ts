/** The server's side of a conversation: who answers here, the session and its token, what was agreed to. */

import type { Answer } from "../rtc/peer";
import { Problem } from "./errors";
import type { AgentConfig, Connected, ConversationBody, Opened, Session } from "./protocol";
import { signal } from "./signals";
import type { Mode } from "./state";
import type { Settings, World } from "./world";

export class Visit {
  readonly config = signal<AgentConfig | null>(null);
  private _agreed = "";
  private _loading: Promise<void> | null = null;

  /** `_onMessages` gets what was said so far, and whether the page has to be told. */
  constructor(
    private readonly _settings: Settings,
    private readonly _world: World,
    private readonly _onMessages: (conversation: ConversationBody, isNews: boolean) => void,
  ) {}

  /** Ask once; a refusal may be asked again. */
  load(): Promise<void> {
    const query = new URLSearchParams({ ...this._target, language: this._settings.options.language });
    this._loading ??= this._world.api.ask<AgentConfig>(`config?${query}`).then(this.know, (thrown) => {
      this._loading = null;
      throw thrown;
    });
    return this._loading;
  }

  get needsConsent(): boolean {
    return !!this.config.get()?.consent.required && this._agreed !== this.version;
  }

  agree(): void {
    this._agreed = this.version;
  }

  /** The conditions are not what was agreed to: read them again. */
  disagree(): void {
    this._agreed = "";
    this._loading = null;
  }

  /** What answers the offer, from the session there is or a new one. Throws `Problem`. */
  async reach(mode: Mode, offer: string | null): Promise<Answer> {
    const { api, emit, page } = this._world;
    if (api.token) {
      const connected = await api.ask<Connected>("sessions/connect", { offer });
      this.takeIn(connected.conversation, true);
      return connected;
    }
    const { language, greeting, metadata } = this._settings.options;
    const opened = await api.ask<Opened>("sessions", {
      ...this._target,
      language,
      mode,
      offer,
      consent: this._agreed ? { version: this._agreed } : null,
      page: page(),
      metadata,
      greeting: greeting || null,
    });
    this.keep(opened.session);
    this.know(opened.config);
    emit("conversationStart", { id: opened.conversation.id, mode });
    this.takeIn(opened.conversation, true);
    return opened;
  }

  /** The session is over: the next conversation has its own. */
  leave(): void {
    this._world.api.token = "";
    this._world.resume.forget();
  }

  /** To a page that wants writing only, every agent is without a voice. */
  know = (config: AgentConfig): void => {
    this._loading = Promise.resolve();
    this._settings.learn(config.options);
    this.config.set({ ...config, voice: config.voice && !this._settings.options.textOnly });
  };

  /** Names the agent. */
  private get _target(): Record<string, string> {
    const { apiKey, agentId, tenant_id } = this._settings.options;
    return apiKey ? { key: apiKey, agent: agentId } : { tenant: tenant_id };
  }

  get version(): string {
    return this._settings.options.consent.version || this.config.get()?.consent.version || "";
  }

  keep(session: Session): void {
    this._world.api.token = session.token;
    this._world.resume.save(session.token);
  }

  takeIn(conversation: ConversationBody, isNews: boolean): void {
    this._onMessages(conversation, isNews);
    if (conversation.state === "ended") throw new Problem("session_ended");
  }
}
