/** The pasted tag: every way to install it, calls before and after it came, and leaving without a trace. */

import { describe, expect, it } from "vitest";
import { openPage, PANEL, SERVER } from "./page";

const KEY = { "data-api-key": "voc_pk_live_abc", "data-agent-id": "support" };

describe("install forms", () => {
  it("starts from window.VOCALIA_CONFIG, as the published snippet has it", async () => {
    const page = await openPage({
      globals: {
        VOCALIA_CONFIG: {
          tenant_id: "acme_k7m2",
          api_url: "https://api.acme.example",
          language: "es",
          position: "top-left",
        },
      },
    });
    expect(page.widgets()).toHaveLength(1);
    expect(page.launcher().ariaLabel).toBe("Hablar con nosotros");
    page.launcher().click();
    await page.settled();
    expect(page.hosts[0]?.apiUrl).toMatch(/^https:\/\/api\.acme\.example/);
    expect(page.hosts[0]?.given("tenant_id")).toBe("acme_k7m2");
  });

  it("starts from the tag's data attributes", async () => {
    const page = await openPage({ attributes: { ...KEY, "data-launcher-offset-x": "32", "data-language": "en" } });
    expect(page.launcher().ariaLabel).toBe("Talk with us");
    page.launcher().click();
    await page.settled();
    expect(page.hosts[0]?.given("agentId")).toBe("support");
    expect(page.hosts[0]?.given("launcher.offsetX")).toBe("32");
    expect(page.hosts[0]?.apiUrl).toBe(SERVER);
  });

  it("upgrades an element that was on the page already", async () => {
    const page = await openPage({
      html: '<main><parloir-widget api-key="voc_pk_x" agent-id="a" language="ar"></main>',
    });
    expect(page.launcher().dir).toBe("rtl");
    expect(page.widgets()[0]?.parentElement?.localName).toBe("main");
  });

  it("starts an element that is added later", async () => {
    const page = await openPage();
    const element = page.window.document.createElement("parloir-widget");
    element.setAttribute("tenant-id", "acme");
    page.window.document.body.append(element);
    expect(page.launcher()).toBeTruthy();
  });

  it("starts by VocalIA.init and tells onReady", async () => {
    const page = await openPage();
    expect(page.widgets()).toHaveLength(0);
    let ready = 0;
    page.api().init({ tenant_id: "acme", onReady: () => ready++ });
    expect(ready).toBe(0);
    await page.settled();
    expect(ready).toBe(1);
  });

  it("stands beside the body, so that a page which swaps its body keeps it", async () => {
    const page = await openPage({ attributes: KEY });
    page.window.document.body.replaceWith(page.window.document.createElement("body"));
    expect(page.launcher()).toBeTruthy();
  });

  it("does nothing the second time it is pasted", async () => {
    const page = await openPage({ attributes: KEY });
    const [first] = page.widgets();
    const api = page.api();
    await page.paste(KEY);
    expect(page.widgets()).toEqual([first]);
    expect(page.api()).toBe(api);
  });

  it("has one widget: init again takes the place of the first", async () => {
    const page = await openPage({ attributes: KEY });
    page.api().init({ tenant_id: "other", language: "en" });
    expect(page.widgets()).toHaveLength(1);
    expect(page.launcher().ariaLabel).toBe("Talk with us");
  });
});

describe("calls before the script came", () => {
  it("makes the calls of an array, and takes more by push afterwards", async () => {
    const heard: string[] = [];
    const queue: unknown[] = [
      ["on", "ready", () => heard.push("ready")],
      ["init", { tenant_id: "acme" }],
    ];
    const page = await openPage({ globals: { VocalIA: queue } });
    await page.settled();
    expect(heard).toEqual(["ready"]);
    (queue as unknown as ReturnType<typeof page.api>).push(["sendText", "hello"]);
    await page.settled();
    expect(page.asked).toEqual(["open", "sendText hello"]);
  });

  it("makes the calls of a stub, and the stub becomes the API", async () => {
    const stub = {
      q: [] as unknown[],
      on(...values: unknown[]) {
        stub.q.push(["on", ...values]);
      },
    };
    const errors: string[] = [];
    stub.on("error", (error: { message: string }) => errors.push(error.message));
    const page = await openPage({ globals: { VocalIA: stub }, attributes: KEY, isBlocked: () => true });
    expect(page.api()).toBe(stub);
    page.api().open();
    await page.settled();
    expect(errors).toHaveLength(1);
  });

  it("ignores a call that is not one of ours", async () => {
    const page = await openPage({ globals: { VocalIA: [["dance"], ["init", { tenant_id: "a" }]] } });
    expect(page.widgets()).toHaveLength(1);
  });

  it("tells conversationStart to who listens late, and only that", async () => {
    const page = await openPage({ attributes: KEY });
    page.api().open();
    await page.settled();
    page.hosts[0]?.emit("conversationStart", { id: "conv_1" });
    page.hosts[0]?.emit("message", { text: "hello" });
    const heard: object[] = [];
    page.api().on("conversationStart", (detail: object) => heard.push(detail));
    page.api().on("message", (detail: object) => heard.push(detail));
    expect(heard).toEqual([{ id: "conv_1" }]);
  });
});

describe("the API", () => {
  it("opens the panel first where that is needed, and leaves it closed where it is not", async () => {
    const page = await openPage({ attributes: KEY });
    page.api().mute();
    page.api().end();
    await page.settled();
    expect(page.asked).toEqual([]);
    page.api().start();
    page.api().mute(false);
    page.api().close();
    await page.settled();
    expect(page.asked).toEqual(["open", "start", "mute false", "close"]);
    expect(page.hosts).toHaveLength(1);
  });

  it("stops telling a listener that was taken off", async () => {
    const page = await openPage({ attributes: KEY });
    page.api().open();
    await page.settled();
    const heard: string[] = [];
    const off = page.api().on("state", () => heard.push("first"));
    page.api().on("state", () => heard.push("second"));
    page.hosts[0]?.emit("state", {});
    off();
    page.hosts[0]?.emit("state", {});
    page.api().off("state");
    page.hosts[0]?.emit("state", {});
    expect(heard).toEqual(["first", "second", "second"]);
  });

  it("asks for the panel on the first sign of interest, once", async () => {
    const page = await openPage({ attributes: KEY });
    const preloads = () => page.window.document.head.querySelectorAll("link[rel=preload]");
    expect(preloads()).toHaveLength(0);
    page.launcher().dispatchEvent(new page.window.Event("pointerenter") as unknown as Event);
    page.launcher().dispatchEvent(new page.window.Event("focus") as unknown as Event);
    const found = [...preloads()] as unknown as HTMLLinkElement[];
    expect(found.map(({ href, integrity }) => [href, integrity])).toEqual([[SERVER + PANEL[0], PANEL[1]]]);
  });

  it("shows the launcher again when the panel is closed", async () => {
    const page = await openPage({ attributes: KEY });
    page.launcher().click();
    await page.settled();
    expect(page.launcher().hidden).toBe(true);
    page.hosts[0]?.closed();
    expect(page.launcher().hidden).toBe(false);
  });
});

describe("a panel that does not come", () => {
  it("keeps the launcher, says what to allow, and tries again", async () => {
    let isBlocked = true;
    const page = await openPage({ attributes: KEY, isBlocked: () => isBlocked });
    const errors: { code: string; message: string }[] = [];
    page.api().on("error", (error: { code: string; message: string }) => errors.push(error));
    page.launcher().click();
    await page.settled();
    expect(errors.map(({ code }) => code)).toEqual(["panel_blocked"]);
    expect(errors[0]?.message).toContain(`script-src ${SERVER}; connect-src ${SERVER}`);
    expect(page.warnings.join()).toContain("panel_blocked");
    expect(page.launcher().hidden).toBe(false);
    isBlocked = false;
    page.launcher().click();
    await page.settled();
    expect(page.asked).toEqual(["open"]);
  });
});

describe("leaving", () => {
  it("removes everything and ends the panel", async () => {
    const page = await openPage({ attributes: KEY });
    page.launcher().click();
    await page.settled();
    page.api().destroy();
    await page.settled();
    expect(page.asked).toEqual(["open", "destroy"]);
    expect(page.widgets()).toEqual([]);
    expect([...page.window.document.head.children]).toEqual([]);
    page.api().destroy();
    page.api().open();
    await page.settled();
    expect(page.asked).toEqual(["open", "destroy"]);
  });

  it("does not open a panel that comes after it was destroyed, and ends it", async () => {
    const page = await openPage({ attributes: KEY });
    page.api().start();
    page.api().destroy();
    await page.settled();
    expect(page.asked).toEqual(["destroy"]);
  });

  it("says nothing of readiness once it is gone", async () => {
    const page = await openPage();
    let ready = 0;
    page.api().on("ready", () => ready++);
    page.api().init({ tenant_id: "acme" });
    page.api().destroy();
    await page.settled();
    expect(ready).toBe(0);
  });

  it("ends with its element, but not when that only moves", async () => {
    const page = await openPage({
      html: '<main><parloir-widget tenant-id="acme"></parloir-widget></main><aside></aside>',
    });
    page.launcher().click();
    await page.settled();
    const [element] = page.widgets();
    page.window.document.querySelector("aside")?.append(element as never);
    await page.settled();
    expect(page.asked).toEqual(["open"]);
    element?.remove();
    await page.settled();
    expect(page.asked).toEqual(["open", "destroy"]);
  });

  it("comes and goes as React's strict mode has it", async () => {
    const page = await openPage();
    for (const tenant_id of ["a", "a", "b"]) {
      page.api().init({ tenant_id });
      page.api().destroy();
    }
    page.api().init({ tenant_id: "c" });
    await page.settled();
    expect(page.widgets()).toHaveLength(1);
    page.api().open();
    await page.settled();
    expect(page.hosts.map((host) => host.given("tenant_id"))).toEqual(["c"]);
  });
});

it("lets a listener of the page fail without harm", async () => {
  const page = await openPage({ attributes: KEY });
  const heard: string[] = [];
  page.api().on("ready", () => {
    throw new Error("the page's own");
  });
  page.api().on("ready", () => heard.push("second"));
  await page.settled();
  expect(heard).toEqual(["second"]);
  expect(page.failures).toEqual(["the page's own"]);
});
