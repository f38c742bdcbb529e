/** Who reads further up in a live log is left alone; who is at its end stays there, also when it changes its height. */

/** Closer to the end than this, the reader follows the conversation. */
const FOLLOW_PX = 48;

/** Whether the reader is elsewhere stands in the log's `data-away`. Returns what stops the watching. */
export function watchReader(log: HTMLElement): () => void {
  let height = log.clientHeight;
  const toEnd = () => {
    height = log.clientHeight;
    if (!log.hasAttribute("data-away")) log.scrollTop = log.scrollHeight;
  };
  log.onscroll = () => {
    // In a log that has just become smaller the end went away by itself: nobody scrolled.
    if (log.clientHeight === height)
      log.toggleAttribute("data-away", log.scrollHeight - log.scrollTop - height >= FOLLOW_PX);
  };
  const resized = new ResizeObserver(toEnd);
  resized.observe(log);
  return () => resized.disconnect();
}
