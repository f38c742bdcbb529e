/** The server's side of a conversation: who answers here, the session and its token, what was agreed to. */

import { Problem } from "./errors";
import type { AgentConfig, ConversationBody, Session } from "./protocol";
import { signal } from "./signals";
import type { Mode } from "./state";
import type { Settings, World } from "./world";

export class Visit {
  readonly config = signal<AgentConfig | null>(null);
  private _agreed = "";
  /** Just asked: the connection that follows need not ask again. */
  private _isFresh = false;
  private _loading: Promise<AgentConfig> | null = null;

  /** `onMessages` gets what was said so far, and whether the page has to be told. */
  constructor(
    private readonly settings: Settings,
    private readonly world: World,
    private readonly onMessages: (conversation: ConversationBody, isNews: boolean) => void,
  ) {}

  /** Ask once; a refusal may be asked again. */
  load(): Promise<AgentConfig> {
    this._loading ??= this.world.api.config({ ...this._target, language: this.settings.options.language }).then(
      (config) => {
        this._know(config);
        return config;
      },
      (thrown) => {
        this._loading = null;
        throw thrown;
      },
    );
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

  /** Go on with a kept session. Throws `Problem`. */
  async goOn(token: string): Promise<ConversationBody> {
    this.world.api.token = token;
    const conversation = await this._current(false);
    this._isFresh = true;
    return conversation;
  }

  /** The SDP answer, from the session there is or a new one. Throws `Problem`. */
  async reach(mode: Mode, offer: string | null): Promise<string | null> {
    const { api, emit, page } = this.world;
    if (api.token) {
      if (!offer) {
        // A socket that will not open is taken for a blocked one: be sure first that the server is there.
        if (!this._isFresh) await this._current(true);
        this._isFresh = false;
        return null;
      }
      const { answer, conversation } = await api.connect(offer);
      this._adopt(conversation, true);
      return answer;
    }
    const { language, greeting, metadata } = this.settings.options;
    const { session, conversation, config, answer } = await api.open({
      ...this._target,
      language,
      mode,
      offer,
      consent: this._agreed ? { version: this._agreed } : null,
      page: page(),
      metadata,
      greeting: greeting || null,
    });
    this._keep(session);
    this._know(config);
    emit("conversationStart", { id: conversation.id, mode });
    this._adopt(conversation, true);
    return answer;
  }

  /** The session is over: the next conversation has its own. */
  leave(): void {
    this.world.api.token = "";
  }

  /** What the server knows of this session, and a new token for it. Throws `Problem`. */
  private async _current(isNews: boolean): Promise<ConversationBody> {
    const { session, conversation, config } = await this.world.api.current();
    this._loading = Promise.resolve(config);
    this._know(config);
    this.agree();
    this._keep(session);
    this._adopt(conversation, isNews);
    return conversation;
  }

  /** To a page that wants writing only, every agent is without a voice. */
  private _know(config: AgentConfig): void {
    this.settings.learn(config.options);
    this.config.set({ ...config, voice: config.voice && !this.settings.options.textOnly });
  }

  /** Names the agent. */
  private get _target(): Record<string, string> {
    const { apiKey, agentId, tenant_id } = this.settings.options;
    return apiKey ? { key: apiKey, agent: agentId } : { tenant: tenant_id };
  }

  get version(): string {
    return this.settings.options.consent.version || this.config.get()?.consent.version || "";
  }

  private _keep(session: Session): void {
    this.world.api.token = session.token;
    this.world.resume.save(session.token);
  }

  private _adopt(conversation: ConversationBody, isNews: boolean): void {
    this.onMessages(conversation, isNews);
    if (conversation.state === "ended") throw new Problem("session_ended");
  }
}
