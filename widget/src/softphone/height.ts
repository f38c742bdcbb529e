/** How tall this page would like to be, for a host page that lets its frame grow and shrink with it. */

/** What the words of a call get, when nothing else asks for more. */
const WORDS_PX = 240;
/** Above an open drawer the head of the call stays in sight. */
const HEAD_PX = 64;

/** Tell now, and whenever it became another height. In whole CSS pixels; independent of the height there is. */
export function watchHeight(tell: (height: number) => void): void {
  let told = 0;
  let frame = 0;
  const look = () => {
    const height = Math.ceil(wantedHeight(document.body));
    if (!height || height === told) return;
    told = height;
    tell(height);
  };
  const soon = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(look);
  };
  const changes = { childList: true, subtree: true, attributes: true, attributeFilter: ["hidden", "class", "lang"] };
  new MutationObserver(soon).observe(document.documentElement, changes);
  addEventListener("resize", soon);
  soon();
}

function wantedHeight(body: HTMLElement): number {
  const part = (selector: string) => body.querySelector<HTMLElement>(selector);
  const alone = part(".failure");
  if (alone) return ownHeight(alone);
  const header = part("header")?.offsetHeight ?? 0;
  const after = part(".after");
  if (after) return header + ownHeight(after);
  const notes = part(".notes")?.offsetHeight ?? 0;
  const footer = part("footer")?.offsetHeight ?? 0;
  const drawer = part(".drawer:not([hidden])");
  const open = drawer ? drawer.scrollHeight + HEAD_PX + footer : 0;
  return Math.max(header + WORDS_PX + notes + footer, open);
}

/** What is in `node`, with its padding: also when it was stretched, or is scrolled. */
function ownHeight(node: HTMLElement): number {
  const { paddingTop, paddingBottom } = getComputedStyle(node);
  const top = node.firstElementChild?.getBoundingClientRect().top ?? 0;
  const bottom = node.lastElementChild?.getBoundingClientRect().bottom ?? 0;
  return bottom - top + Number.parseFloat(paddingTop) + Number.parseFloat(paddingBottom);
}
