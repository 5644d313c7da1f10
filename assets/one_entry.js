// One page is one entry of the browser's history. The framework adds an entry whenever the server
// writes into the address, so that Back would walk through every choice that was made on a page.
// What changes the address within a page replaces its entry; another page is a new one as ever.

export default function () {
  if (history.hasOneEntryPerPage) return;
  history.hasOneEntryPerPage = true;
  const push = history.pushState.bind(history);
  let before = null; // the address since the last click or key, until the server wrote into it
  const begin = () => { before = null; };
  for (const act of ["pointerdown", "keydown"]) addEventListener(act, begin, true);
  history.pushState = (state, title, url) => {
    if (url && new URL(url, location.href).pathname === location.pathname) {
      before ??= location.href;
      history.replaceState(state, title, url);
      return;
    }
    // What a page writes at its start may come before the page has its entry.
    if (before) history.replaceState(history.state, "", before);
    before = null;
    push(state, title, url);
  };
}
