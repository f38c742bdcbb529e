/** What a page needs to go on with a conversation after a navigation. Written only once the visitor agreed. */

export interface Kept {
  token: string;
  /** Which server and agent it belongs to: another widget on the same site starts its own. */
  for: string;
}

type Box = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export class Resume {
  /** `_box` throws in pages that forbid storage: then nothing is kept and nothing breaks. */
  constructor(
    private readonly _box: () => Box,
    private readonly _key: string,
    private readonly _owner: string,
  ) {}

  read(): string | null {
    try {
      const kept = JSON.parse(this._box().getItem(this._key) ?? "null") as Kept | null;
      return kept?.for === this._owner && typeof kept.token === "string" ? kept.token : null;
    } catch {
      return null;
    }
  }

  save(token: string): void {
    this._touch((box) => box.setItem(this._key, JSON.stringify({ token, for: this._owner } satisfies Kept)));
  }

  forget(): void {
    this._touch((box) => box.removeItem(this._key));
  }

  private _touch(work: (box: Box) => void): void {
    try {
      work(this._box());
    } catch {
      // No storage here: the conversation lives as long as the page.
    }
  }
}
