// Search, filters, sorting, and the two switches. Everything works without this file, and
// from a local folder with it: data comes as a script, because a local page may not fetch.
// All of it is a stranger's text, so it only ever becomes text.
(() => {
  "use strict";
  const root = document.currentScript.dataset.root;
  const page = document.documentElement;
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  const remember = (key, value) => {
    try {
      if (value) localStorage.setItem(key, value);
      else localStorage.removeItem(key);
    } catch {
      // It lasts as long as the page, then.
    }
  };

  const element = (name, className, ...children) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children);
    return made;
  };

  const link = (href, ...children) => {
    const made = element("a", "", ...children);
    made.href = href;
    return made;
  };

  // ----- the two switches ---------------------------------------------------------------

  const system = matchMedia("(prefers-color-scheme: dark)");
  one(".theme")?.addEventListener("click", () => {
    const dark = page.dataset.theme ? page.dataset.theme === "dark" : system.matches;
    const next = dark ? "light" : "dark";
    page.dataset.theme = next;
    remember("theme", next === (system.matches ? "dark" : "light") ? "" : next);
  });

  const showView = () => {
    for (const button of all("[data-view]", document.body)) {
      const pressed = button.dataset.view === (page.dataset.view ?? "cards");
      button.setAttribute("aria-pressed", String(pressed));
    }
  };
  document.body.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-view]");
    if (!button) return;
    if (button.dataset.view === "table") page.dataset.view = "table";
    else delete page.dataset.view;
    remember("view", page.dataset.view);
    showView();
  });
  showView();

  // ----- the menu of narrow screens ------------------------------------------------------

  const menu = one(".menu");
  menu?.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    one("summary", menu).focus();
  });
  document.addEventListener("click", (event) => {
    if (menu && !menu.contains(event.target)) menu.open = false;
  });

  // ----- the data -----------------------------------------------------------------------

  const load = (path) =>
    new Promise((resolve, reject) => {
      const script = element("script");
      script.src = root + path;
      script.onload = resolve;
      script.onerror = () => reject(new Error(path));
      document.head.append(script);
    });

  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  let loading = null;
  // Asked for with the first letter that somebody types, not with every page.
  const catalogue = () => {
    loading ??= load("assets/items.js").then(() => {
      const { categories, tags, items } = globalThis.directory;
      return items.map((row, position) => {
        const [name, label, host, href, category, ofItem, text, letter, tint, ...rest] = row;
        const [day, featured, stars, facts] = rest;
        const groups = ofItem.map((tag) => tags[tag]);
        const words = [label, host, categories[category][1], ...groups.map((t) => t[1]), text];
        return {
          position, label, host, href, text, letter, tint, day, featured, stars, facts,
          path: `items/${name}/index.html`,
          category: categories[category],
          tags: groups,
          name: plain(label),
          words: plain(words.join("\n")),
        };
      });
    });
    return loading;
  };

  let engine = null;
  // The full-text index, where whoever published the site has made one.
  const askIndex = async (query) => {
    engine ??= load("assets/engine.js").then(async () => {
      if (globalThis.directoryEngine !== "pagefind") return null;
      const pagefind = await import(new URL(`${root}pagefind/pagefind.js`, location.href));
      await pagefind.init();
      return pagefind;
    });
    const pagefind = await engine;
    if (!pagefind) return [];
    const { results } = await pagefind.search(query);
    const asked = results.slice(0, 60).map((result) => result.data());
    const found = (await Promise.allSettled(asked)).filter(({ value }) => value);
    return found.map(({ value }) => decodeURI(value.url).match(/items\/[^/]+\//)?.[0]);
  };

  // Whatever part of the index does not load, the words of assets/items.js are searched. A
  // part may also never answer, so there is an end to waiting for it.
  const patience = 3000;
  let wait = patience;
  const fullText = (query) =>
    new Promise((resolve) => {
      const timer = setTimeout(() => {
        wait = 0;
        resolve([]);
      }, wait);
      askIndex(query).catch(() => []).then((found) => {
        clearTimeout(timer);
        wait = patience;
        resolve(found);
      });
    });

  // Names that begin with the words come first, then names that hold them, then the rest.
  const rank = (item, query) => {
    const at = item.name.indexOf(query);
    if (at === 0) return item.name === query ? 0 : 1;
    if (at > 0) return /[\p{L}\p{N}]/u.test(item.name[at - 1]) ? 3 : 2;
    return 4;
  };

  const find = async (query) => {
    const items = await catalogue();
    const asked = plain(query.trim());
    if (!asked) return [...items];
    const words = asked.split(/\s+/);
    const ranks = new Map();
    for (const item of items) {
      if (words.every((word) => item.words.includes(word))) ranks.set(item, rank(item, asked));
    }
    const inText = await fullText(query);
    if (inText.length > 0) {
      const places = new Map(inText.map((folder, place) => [`${folder}index.html`, place]));
      for (const item of items) {
        if (places.has(item.path) && !ranks.has(item)) {
          ranks.set(item, 5 + places.get(item.path) / 100);
        }
      }
    }
    return [...ranks.keys()].sort((a, b) => ranks.get(a) - ranks.get(b));
  };

  const say = (key, number) =>
    globalThis.directory.words[key].replace("{number}", number?.toLocaleString(page.lang));
  const count = (number) => say(number === 1 ? "found_one" : "found_other", number);

  const tileOf = (item) => {
    const tile = element("span", `tile tint-${item.tint}`, item.letter);
    tile.setAttribute("aria-hidden", "true");
    return tile;
  };

  const failed = (status, error) => {
    status.textContent = globalThis.directory?.words.search_failed ?? String(error.message);
  };

  // ----- the box at the head of every page but the first ----------------------------------

  const startPanel = (form) => {
    const shown = 12;
    const input = one("input", form);
    const status = one("[role=status]", form);
    const list = one("ul", form);
    let latest = 0;

    const row = (item) => {
      const where = item.host ? `${item.category[1]} · ${item.host}` : item.category[1];
      const words = element("span", "", element("b", "", item.label), element("small", "", where));
      return element("li", "", link(root + item.path, tileOf(item), words));
    };

    const update = async () => {
      const query = input.value.trim();
      const turn = ++latest;
      form.classList.toggle("open", query !== "");
      if (!query) {
        status.textContent = "";
        list.replaceChildren();
        return;
      }
      try {
        const found = await find(query);
        if (turn !== latest) return;
        status.textContent = found.length > 0 ? count(found.length) : say("search_none");
        list.replaceChildren(...found.slice(0, shown).map(row));
        if (found.length > shown) {
          const more = link(`${root}index.html?q=${encodeURIComponent(query)}`, say("search_all"));
          more.className = "all";
          list.append(element("li", "", more));
        }
      } catch (error) {
        failed(status, error);
      }
    };

    const move = (step) => {
      const stops = [input, ...all("a", list)];
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
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      await update();
      one("a", list)?.click();
    });
    form.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !form.contains(event.relatedTarget)) {
        form.classList.remove("open");
      }
    });
    document.addEventListener("click", (event) => {
      if (!form.contains(event.target)) form.classList.remove("open");
    });
    input.addEventListener("input", update);
    input.addEventListener("focus", () => {
      catalogue().catch(() => {});
      if (input.value.trim()) update();
    });
  };

  // ----- search, filters and sorting of the first page ------------------------------------

  const startExplorer = (form) => {
    const step = 60;
    const place = one("#found-here");
    const shelves = one("#shelves");
    const list = one("#results");
    const status = one("[role=status]", place);
    const more = one("#more");
    const fields = all("input, select", form);
    let found = [];
    let latest = 0;

    const card = (item) => {
      const host = item.href ? link(item.href, item.host) : element("span", "", item.host);
      host.className = "host";
      host.dir = "ltr";
      if (item.href) host.rel = "noopener nofollow";
      const name = element("h3", "", link(root + item.path, item.label));
      name.dir = "auto";
      const who = element("div", "who", tileOf(item), element("div", "", name, host));
      if (item.featured) who.append(element("span", "star", say("featured")));
      const made = element("li", "card", who);
      if (item.text) {
        const text = element("p", "", item.text);
        text.dir = "auto";
        made.append(text);
      }
      if (item.tags.length > 0) {
        const tags = item.tags.slice(0, 3).map(([, label, folder]) => {
          const sign = element("span", "sign", "#");
          sign.setAttribute("aria-hidden", "true");
          const tag = link(`${root}${folder}index.html`, sign, element("bdi", "", label));
          return element("li", "", tag);
        });
        const row = element("ul", "tags", ...tags);
        row.setAttribute("aria-label", say("tags"));
        made.append(row);
      }
      return made;
    };

    const asked = () =>
      Object.fromEntries(
        fields.map((field) => [field.name, field.value.trim()]).filter(([, value]) => value),
      );

    const orders = {
      name: (a, b) => a.name.localeCompare(b.name, page.lang) || a.position - b.position,
      changed: (a, b) => b.day.localeCompare(a.day) || a.position - b.position,
      stars: (a, b) => b.stars - a.stars || a.position - b.position,
    };

    const select = (items, wanted) => {
      const { filters } = globalThis.directory;
      const kept = items.filter(
        (item) =>
          (!wanted.category || item.category[0] === wanted.category) &&
          (!wanted.tag || item.tags.some(([id]) => id === wanted.tag)) &&
          filters.every((key, at) => !wanted[key] || item.facts[at].includes(wanted[key])),
      );
      return Object.hasOwn(orders, wanted.sort ?? "") ? kept.sort(orders[wanted.sort]) : kept;
    };

    const show = (from) => {
      list.append(...found.slice(from, from + step).map(card));
      more.hidden = list.childElementCount >= found.length;
    };

    const keepAddress = (wanted) => {
      const query = new URLSearchParams(wanted).toString();
      try {
        history.replaceState(null, "", `${location.pathname}${query && `?${query}`}`);
      } catch {
        // A local or a sandboxed page keeps the address it has.
      }
    };

    const update = async () => {
      const wanted = asked();
      const turn = ++latest;
      const active = Object.keys(wanted).length > 0;
      keepAddress(wanted);
      if (!active) {
        place.hidden = true;
        shelves.hidden = false;
        return;
      }
      try {
        const items = await find(wanted.q ?? "");
        if (turn !== latest) return;
        found = select(items, wanted);
        list.replaceChildren();
        show(0);
        status.textContent = found.length > 0 ? count(found.length) : say("search_none");
      } catch (error) {
        failed(status, error);
      }
      place.hidden = false;
      shelves.hidden = true;
    };

    more.addEventListener("click", () => {
      const from = list.childElementCount;
      show(from);
      one("a", list.children[from])?.focus();
    });
    form.addEventListener("input", update);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!place.hidden) one("#results-title").focus();
    });
    // The fields are empty only after the event.
    form.addEventListener("reset", () => setTimeout(() => {
      update();
      one("input", form).focus();
    }));
    one("input", form).addEventListener("focus", () => catalogue().catch(() => {}));
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.target.name !== "q") return;
      event.target.value = "";
      update();
    });

    // An address that somebody shared, or came back to.
    const given = new URLSearchParams(location.search);
    for (const field of fields) {
      if (given.has(field.name)) field.value = given.get(field.name);
    }
    if (Object.keys(asked()).length > 0) update();
  };

  const panel = one("form.search");
  if (panel) startPanel(panel);
  const explorer = one("form.explore");
  if (explorer) startExplorer(explorer);
})();
