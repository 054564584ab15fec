// Before the first paint: the colours and the view that the visitor chose last, and an
// address without the name of the file.
(() => {
  "use strict";
  const page = document.documentElement;
  const chosen = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // A sandboxed page has no storage.
    }
  };
  page.classList.add("js");
  const theme = chosen("theme");
  if (theme === "light" || theme === "dark") page.dataset.theme = theme;
  if (chosen("view") === "table") page.dataset.view = "table";
  const { protocol, pathname, search, hash } = location;
  if (protocol !== "file:" && pathname.endsWith("/index.html")) {
    try {
      history.replaceState(null, "", pathname.slice(0, -10) + search + hash);
    } catch {
      // The same: it may not write its address either.
    }
  }
})();
