// The search box of every page. It works from a local file, so its data is a script too;
// and the data is a stranger's text, so it only ever becomes text.
(() => {
  "use strict";
  const shown = 40;
  const root = document.currentScript.dataset.root;
  const form = document.querySelector("form.search");
  const input = form.querySelector("input");
  const status = form.querySelector("[role=status]");
  const list = form.querySelector("ul");
  let entries = null;

  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  // Made with the first letter that somebody types, not with every page.
  const prepare = () =>
    globalThis.directoryItems.map((item) => {
      const [, name, host, category, tags, description] = item;
      const words = [name, host, category, ...tags, description].join("\n");
      return { item, name: plain(name), text: plain(words) };
    });

  // Names that begin with the words come first, then names that hold them, then the rest.
  const rank = (entry, query) => {
    const at = entry.name.indexOf(query);
    if (at === 0) return entry.name === query ? 0 : 1;
    if (at > 0) return /[\p{L}\p{N}]/u.test(entry.name[at - 1]) ? 3 : 2;
    return 4;
  };

  const find = (query) => {
    entries ??= prepare();
    const words = query.split(/\s+/);
    return entries
      .filter((entry) => words.every((word) => entry.text.includes(word)))
      .map((entry) => ({ item: entry.item, rank: rank(entry, query) }))
      .sort((one, other) => one.rank - other.rank)
      .map((found) => found.item);
  };

  const element = (name, className, ...children) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children);
    return made;
  };

  const row = ([path, name, host, category, , , letter, tint]) => {
    const tile = element("span", `tile tint-${tint}`, letter);
    tile.setAttribute("aria-hidden", "true");
    const where = element("small", "", host ? `${category} · ${host}` : category);
    const link = element("a", "", tile, element("span", "", element("b", "", name), where));
    link.href = root + path;
    return element("li", "", link);
  };

  const update = () => {
    const query = plain(input.value.trim());
    const found = query ? find(query) : [];
    const most = found.length > shown ? `, the best ${shown} shown` : "";
    const number = found.length.toLocaleString("en");
    status.textContent = query
      ? `${number} ${found.length === 1 ? "item" : "items"} found${most}`
      : "";
    list.replaceChildren(...found.slice(0, shown).map(row));
    form.classList.toggle("open", query !== "");
  };

  const close = () => form.classList.remove("open");

  const move = (step) => {
    const stops = [input, ...list.querySelectorAll("a")];
    const next = stops.indexOf(document.activeElement) + step;
    stops[Math.max(0, Math.min(next, stops.length - 1))].focus();
  };

  form.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape") {
      input.value = "";
      input.focus();
      update();
    }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    list.querySelector("a")?.click();
  });
  form.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !form.contains(event.relatedTarget)) close();
  });
  document.addEventListener("click", (event) => {
    if (!form.contains(event.target)) close();
  });
  input.addEventListener("input", update);
  input.addEventListener("focus", update);

  form.hidden = false;
})();
