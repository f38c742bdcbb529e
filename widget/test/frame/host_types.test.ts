/** The published types and the script say the same: names and payloads of events, commands, options. */

import { describe, expect, it } from "vitest";
import { COMMANDS, type EVENTS } from "../../src/frame/protocol";
import { Softphone, type SoftphoneOptions } from "../../src/frame/softphone";

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type OfScriptAlone = "connected" | "disconnected";
const KINDS = { string: "", number: 0, boolean: true, object: {} };
type Kinds = typeof KINDS;
type Kind<Text> = Text extends `${infer Name extends keyof Kinds}?` ? Kinds[Name] | null : Kinds[Text & keyof Kinds];
type Told = {
  [Name in keyof typeof EVENTS]: { [Field in keyof (typeof EVENTS)[Name]]: Kind<(typeof EVENTS)[Name][Field]> };
};

const events: Same<keyof Parloir.Events, keyof typeof EVENTS | OfScriptAlone> = true;
const options: Same<Parloir.SoftphoneOptions, SoftphoneOptions> = true;
/** Each published payload is one that the frame's table lets through. */
const payloads: Pick<Parloir.Events, keyof typeof EVENTS> extends Told ? true : false = true;

describe("the published types", () => {
  it("name the events and options of the script", () => {
    expect([events, options, payloads]).toEqual([true, true, true]);
  });

  it("describe what the script makes, with a method for each command", () => {
    const made = new Softphone({ container: "#nowhere" }, "https://voice.example");
    const phone: Pick<Parloir.Softphone, "close" | "destroy"> = made;
    const has = (name: string) => typeof Reflect.get(phone, name) === "function";
    const methods = Object.keys(COMMANDS).map((name) =>
      /^set_(microphone|speaker)$/.test(name) ? "setDevices" : name.replace(/_(\w)/, (_, one) => one.toUpperCase()),
    );
    const published: Record<keyof Parloir.Softphone, 1> = {
      call: 1,
      dial: 1,
      open: 1,
      hangup: 1,
      mute: 1,
      hold: 1,
      record: 1,
      dtmf: 1,
      transfer: 1,
      setDevices: 1,
      setLanguage: 1,
      setTheme: 1,
      focus: 1,
      close: 1,
      destroy: 1,
      on: 1,
      off: 1,
    };
    expect(methods.filter((name) => !has(name) || !(name in published))).toEqual([]);
    expect(Object.keys(published).filter((name) => !(name in made))).toEqual([]);
  });
});
