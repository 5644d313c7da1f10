// One page is one entry of the browser's history. The framework adds an entry whenever the server
// writes into the address, so that Back would walk through every choice that was made on a page.
// What changes the address within a page replaces its entry; another page is a new one as ever.

export default function () {
  if (history.hasOneEntryPerPage) return;
  history.hasOneEntryPerPage = true;
  const push = history.pushState.bind(history);
  history.pushState = (state, title, url) => {
    const isSamePage = url && new URL(url, location.href).pathname === location.pathname;
    if (isSamePage) history.replaceState(state, title, url);
    else push(state, title, url);
  };
}
