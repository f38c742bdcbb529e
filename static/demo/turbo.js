// Navigation as Turbo Drive does it: fetch the next page, replace the whole body, run its scripts, keep the window.
async function visit(address, isBack) {
  const answer = await fetch(address, { headers: { Accept: 'text/html' } });
  const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
  document.dispatchEvent(new CustomEvent('turbo:before-render', { detail: { newBody: next.body } }));
  document.title = next.title;
  document.documentElement.lang = next.documentElement.lang;
  document.body.replaceWith(document.adoptNode(next.body));
  // Parsed scripts are inert: a fresh element runs.
  for (const inert of document.body.querySelectorAll('script')) {
    const script = document.createElement('script');
    for (const { name, value } of inert.attributes) script.setAttribute(name, value);
    script.textContent = inert.textContent;
    inert.replaceWith(script);
  }
  if (!isBack) history.pushState({}, '', address);
  document.dispatchEvent(new CustomEvent('turbo:render'));
  document.dispatchEvent(new CustomEvent('turbo:load', { detail: { url: address } }));
  const target = location.hash ? document.getElementById(location.hash.slice(1)) : null;
  target ? target.scrollIntoView() : scrollTo(0, 0);
}

document.addEventListener('click', (event) => {
  const link = event.target instanceof Element ? event.target.closest('a[href]') : null;
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const isSamePage = link.pathname === location.pathname && link.hash;
  if (link.origin !== location.origin || link.dataset.turbo === 'false' || isSamePage) return;
  event.preventDefault();
  void visit(link.href, false);
});
addEventListener('popstate', () => void visit(location.href, true));
