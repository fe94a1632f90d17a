// Filters, sorting, links into closed details, and the theme. The page is complete without any of it. Nothing is
// stored, and nothing is written as markup: only text, attributes and the order of what is there.
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");

  // Words that have an order of their own; others sort as numbers or as text.
  const RANKS = {
    severity: ["low", "medium", "high", "critical"],
    state: ["not applicable", "not mapped", "not assessed", "unanswered", "stale", "error", "partly assessed", "assessed", "answered"],
    verdict: ["undetermined", "unknown", "waived", "failed"],
    rating: ["–", "N", "N..P", "N..L", "N..F", "P", "P..L", "P..F", "L", "L..F", "F"],
  };

  const words = (cell) => cell.textContent.trim().replace(/\s+/g, " ");
  const headers = (table) => [...table.tHead.rows[0].cells];
  // What filters and sorting move: a body where a row brings its details along, else a row.
  const items = (table) =>
    table.classList.contains("pairs") ? [...table.querySelectorAll("tbody.item")] : [...table.tBodies[0].rows];
  const cell = (item, index) => (item.tagName === "TBODY" ? item.rows[0] : item).cells[index];
  const column = (table, key) => headers(table).findIndex((header) => header.dataset.key === key);

  function rank(key, value) {
    return RANKS[key] ? RANKS[key].indexOf(value) : value;
  }

  function value(item, index, key) {
    const at = cell(item, index);
    if (at.classList.contains("iv")) {
      // What is proven decides, then what is possible; what does not apply comes before nothing.
      return at.dataset.low === undefined ? -1 : Number(at.dataset.low) * 10000 + Number(at.dataset.high);
    }
    const text = words(at);
    if (RANKS[key]) return rank(key, text);
    if (text === "–") return -1;
    return text !== "" && !Number.isNaN(Number(text)) ? Number(text) : text;
  }

  function sort(table, header) {
    const index = headers(table).indexOf(header);
    const key = header.dataset.key;
    // What is worst or largest is what a reader looks for first; titles are read from A.
    const first = index === 0 || ["owner", "domain", "kind", "check", "scope", "use"].includes(key) ? "ascending" : "descending";
    const second = first === "ascending" ? "descending" : "ascending";
    const order = header.getAttribute("aria-sort") === first ? second : first;
    for (const other of headers(table)) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const rows = items(table).map((item) => ({ item, value: value(item, index, key) }));
    rows.sort((a, b) => {
      if (typeof a.value === "number" && typeof b.value === "number") return sign * (a.value - b.value);
      return sign * String(a.value).localeCompare(String(b.value), "en");
    });
    const parent = rows.length ? rows[0].item.parentNode : null;
    for (const { item } of rows) parent.append(item);
  }

  function makeSortable(table) {
    for (const header of headers(table)) {
      if (header.dataset.sort === undefined) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      button.addEventListener("click", () => sort(table, header));
      header.append(button);
    }
  }

  function makeFilter(form) {
    const tables = [...document.querySelectorAll(form.dataset.tables)];
    const rows = tables.flatMap((table) =>
      items(table).map((item) => ({ table, item, text: item.textContent.toLowerCase() }))
    );
    const selects = [...form.querySelectorAll("select")];
    const output = form.querySelector("output");
    for (const select of selects) {
      const found = new Set(rows.map(({ table, item }) => words(cell(item, column(table, select.name)))));
      const known = RANKS[select.name];
      const sorted = [...found].sort((a, b) =>
        known ? known.indexOf(b) - known.indexOf(a) : a.localeCompare(b, "en")
      );
      for (const word of sorted) select.append(new Option(word === "–" ? "no" : word, word));
    }
    const apply = () => {
      const query = form.elements.q.value.trim().toLowerCase();
      const wanted = selects.filter((select) => select.value !== "");
      const idle = query === "" && wanted.length === 0;
      let shown = 0;
      let sum = 0;
      const left = new Map(tables.map((table) => [table, 0]));
      for (const { table, item, text } of rows) {
        const fits =
          (query === "" || text.includes(query)) &&
          wanted.every((select) => words(cell(item, column(table, select.name))) === select.value);
        item.hidden = !fits;
        if (!fits) continue;
        shown += 1;
        left.set(table, left.get(table) + 1);
        if (form.dataset.sum) sum += Number(words(cell(item, column(table, form.dataset.sum)))) || 0;
      }
      for (const [table, count] of left) {
        // Titles of groups say nothing about a selection, and an empty table says less.
        for (const group of table.querySelectorAll("tbody.group")) group.hidden = !idle;
        const frame = table.closest(".framework, .wave");
        if (frame) frame.hidden = count === 0 && !idle;
        if (frame && frame.tagName === "DETAILS" && !idle && count > 0) frame.open = true;
      }
      const total = form.dataset.sum ? `, ${sum.toFixed(1)} ${form.dataset.sum}` : "";
      output.textContent = idle ? `${rows.length} in all` : `${shown} of ${rows.length}${total}`;
    };
    form.addEventListener("input", apply);
    form.addEventListener("reset", () => setTimeout(apply));
    form.addEventListener("submit", (event) => event.preventDefault());
    apply();
  }

  // A link may lead to what a filter shows, in place of where it leads without one.
  function makeShortcut(link) {
    const { form: section, filter, value } = link.dataset;
    link.addEventListener("click", (event) => {
      const form = document.getElementById(section).querySelector("form.filters");
      if (!form) return;
      event.preventDefault();
      for (const field of form.elements) if (field.name) field.value = "";
      const select = form.elements[filter];
      const wanted = value.trim().replace(/\s+/g, " ");
      select.value = [...select.options].some((option) => option.value === wanted) ? wanted : "";
      form.dispatchEvent(new Event("input"));
      form.scrollIntoView();
      select.focus({ preventScroll: true });
    });
  }

  // A link may lead to what is closed or filtered away.
  function reveal() {
    const raw = location.hash.slice(1);
    let id = raw;
    try {
      id = decodeURIComponent(raw);
    } catch {
      // Not an encoded name: it is taken as it stands.
    }
    const target = raw && (document.getElementById(raw) || document.getElementById(id));
    if (!target) return;
    const filtered = target.closest("[hidden]");
    if (filtered) {
      for (const form of document.querySelectorAll("form.filters")) {
        const tables = [...document.querySelectorAll(form.dataset.tables)];
        if (tables.some((table) => filtered.contains(table) || table.contains(filtered))) form.reset();
      }
      setTimeout(reveal, 20);
      return;
    }
    const own = target.tagName === "DETAILS" ? target : target.querySelector(":scope > tr.more details");
    if (own) own.open = true;
    for (let up = target.parentElement; up; up = up.parentElement) if (up.tagName === "DETAILS") up.open = true;
    target.scrollIntoView();
  }

  function makeTheme(button) {
    const system = matchMedia("(prefers-color-scheme: dark)");
    const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
    const name = () => {
      button.textContent = isDark() ? "Light theme" : "Dark theme";
    };
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      name();
    });
    system.addEventListener("change", name);
    name();
    button.hidden = false;
  }

  // What scrolls sideways must be reachable by keyboard, what does not should not stop it.
  function makeScrollers() {
    const mark = (box) => {
      const scrolls = box.scrollWidth > box.clientWidth + 1;
      if (scrolls === box.hasAttribute("tabindex")) return;
      if (scrolls) {
        const caption = box.querySelector("caption");
        box.tabIndex = 0;
        box.setAttribute("role", "group");
        box.setAttribute("aria-label", caption ? words(caption) : "Table");
      } else {
        for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
      }
    };
    const watcher = new ResizeObserver((entries) => entries.forEach(({ target }) => mark(target)));
    for (const box of document.querySelectorAll(".scroll")) watcher.observe(box);
  }

  function makeNav() {
    const links = new Map([...document.querySelectorAll(".side nav a")].map((link) => [link.hash.slice(1), link]));
    const watcher = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) {
          const link = links.get(target.id);
          if (isIntersecting) link.setAttribute("aria-current", "true");
          else link.removeAttribute("aria-current");
        }
      },
      { rootMargin: "-20% 0px -79% 0px" }
    );
    for (const section of document.querySelectorAll("main > section")) watcher.observe(section);
  }

  // Browsers that cannot open details by style print what is open.
  function makePrint() {
    let opened = [];
    addEventListener("beforeprint", () => {
      opened = [...document.querySelectorAll("details:not([open])")];
      for (const details of opened) details.open = true;
    });
    addEventListener("afterprint", () => {
      for (const details of opened) details.open = false;
      opened = [];
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("table.sortable").forEach(makeSortable);
    document.querySelectorAll("form.filters").forEach(makeFilter);
    document.querySelectorAll("a[data-filter]").forEach(makeShortcut);
    makeTheme(document.getElementById("theme"));
    makeScrollers();
    makeNav();
    makePrint();
    addEventListener("hashchange", reveal);
    reveal();
  });
})();
