/* What pages of /docs do beyond being read: copy buttons, and one choice of language for all their examples. */
(() => {
  const { copy, copied, languages } = document.body.dataset;
  const remembered = "parloir-docs-language";

  const copyButton = (code) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = copy;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(code().textContent);
      button.textContent = copied;
      setTimeout(() => {
        button.textContent = copy;
      }, 2000);
    });
    return button;
  };

  const stored = () => {
    try {
      return localStorage.getItem(remembered);
    } catch {
      return null;
    }
  };

  const choosers = [];
  const choose = (name) => {
    for (const show of choosers) show(name);
    try {
      localStorage.setItem(remembered, name);
    } catch {
      /* A browser without storage chooses anew on every page. */
    }
  };

  const tabs = (group, number) => {
    const blocks = [...group.querySelectorAll(":scope > .code")];
    const list = document.createElement("div");
    list.className = "choices";
    const bar = document.createElement("div");
    bar.setAttribute("role", "tablist");
    bar.setAttribute("aria-label", languages);
    const buttons = blocks.map((block, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.id = `tab-${number}-${index}`;
      button.setAttribute("role", "tab");
      button.setAttribute("aria-controls", `example-${number}-${index}`);
      button.textContent = block.dataset.name;
      block.id = `example-${number}-${index}`;
      block.setAttribute("role", "tabpanel");
      block.setAttribute("aria-labelledby", button.id);
      button.addEventListener("click", () => {
        const before = button.getBoundingClientRect().top;
        choose(block.dataset.name);
        scrollBy({ top: button.getBoundingClientRect().top - before, behavior: "instant" });
      });
      bar.append(button);
      return button;
    });
    bar.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const next = buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length];
      next.click();
      next.focus();
    });
    const show = (name) => {
      const chosen = Math.max(0, blocks.findIndex((block) => block.dataset.name === name));
      if (blocks[chosen].dataset.name !== name && buttons.some((button) => button.ariaSelected === "true")) return;
      blocks.forEach((block, index) => {
        block.hidden = index !== chosen;
        buttons[index].setAttribute("aria-selected", String(index === chosen));
        buttons[index].tabIndex = index === chosen ? 0 : -1;
      });
    };
    list.append(bar, copyButton(() => blocks.find((block) => !block.hidden).querySelector("code")));
    group.prepend(list);
    group.classList.add("on");
    choosers.push(show);
    show(stored());
  };

  document.querySelectorAll(".tabs").forEach(tabs);
  for (const block of document.querySelectorAll(".code")) {
    if (!block.closest(".tabs")) block.querySelector(".caption").append(copyButton(() => block.querySelector("code")));
  }
  for (const link of document.querySelectorAll(".small-menu a")) {
    link.addEventListener("click", () => link.closest("details").removeAttribute("open"));
  }
})();
