"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, from = document) => Array.from(from.querySelectorAll(selector));
  root.classList.add("js");

  // Evidence opens in place: the panel moves from the appendix to behind its sentence, and back.
  const appendix = document.getElementById("evidence");
  const home = new Map(all(".evidence").map((panel) => [panel, document.createComment(panel.id)]));
  home.forEach((mark, panel) => panel.before(mark));
  const panelOf = (link) => document.getElementById(link.hash.slice(1));
  const linkOf = (panel) => document.getElementById("m" + panel.id.slice(1));
  const isOpen = (link) => link.getAttribute("aria-expanded") === "true";

  function open(link) {
    link.closest(".s").after(panelOf(link));
    link.setAttribute("aria-expanded", "true");
  }
  function close(link, focus) {
    const panel = panelOf(link);
    home.get(panel).after(panel);
    link.setAttribute("aria-expanded", "false");
    if (focus) link.focus();
  }
  const toggle = (link) => (isOpen(link) ? close(link) : open(link));

  for (const link of all("a.mark")) {
    link.setAttribute("role", "button");
    link.setAttribute("aria-expanded", "false");
    link.setAttribute("aria-controls", link.hash.slice(1));
    link.addEventListener("keydown", (event) => {
      if (event.key !== " ") return;
      event.preventDefault();
      toggle(link);
    });
  }
  document.addEventListener("click", (event) => {
    const shut = event.target.closest(".close");
    if (shut) return close(linkOf(shut.closest(".evidence")), true);
    const spot = event.target.closest(".s, .note");
    if (!spot || String(getSelection())) return;
    event.preventDefault();
    toggle(document.getElementById("m" + spot.dataset.e));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const panel = event.target.closest(".evidence");
    const link = panel ? linkOf(panel) : event.target.closest("a.mark");
    if (link && isOpen(link)) return close(link, true);
    if (chosen.size) { chosen.clear(); filter(); }
  });
  const closeAll = () => all("a.mark").filter(isOpen).forEach((link) => close(link));
  addEventListener("beforeprint", closeAll);

  // A link to a promise (board.html#VCL-65) opens its evidence.
  function follow() {
    let id = location.hash.slice(1);
    try { id = decodeURIComponent(id); } catch { return; }
    const card = id && all(".proof").find((proof) => proof.dataset.id === id);
    if (!card) return;
    const link = linkOf(card.closest(".evidence"));
    if (!isOpen(link)) open(link);
    link.closest(".row").scrollIntoView({ block: "center", behavior: "instant" });
    link.focus({ preventScroll: true });
  }
  addEventListener("hashchange", follow);

  // A sentence and its note in the margin are one thing.
  function tie(event, on) {
    const spot = event.target.closest && event.target.closest(".s, .note");
    if (spot) all(`[data-e="${spot.dataset.e}"]`).forEach((one) => one.classList.toggle("hot", on));
  }
  document.addEventListener("mouseover", (event) => tie(event, true));
  document.addEventListener("mouseout", (event) => tie(event, false));

  // The counts filter: what does not match fades, paragraphs without a match go.
  const buttons = all("button.count");
  const chosen = new Set();
  const reset = document.querySelector(".reset");
  const status = document.querySelector("[role=status]");
  const rows = all("main .row").filter((row) => "row" in row.dataset || "heading" in row.dataset);

  function matches(sentence) {
    return !chosen.size || sentence.dataset.v.split(" ").some((verdict) => chosen.has(verdict));
  }
  function filter() {
    for (const sentence of all(".s")) {
      const off = !matches(sentence);
      all(`[data-e="${sentence.dataset.e}"]`).forEach((one) => one.classList.toggle("off", off));
    }
    const wanted = (row) => !chosen.size || row.querySelector(".s:not(.off)") !== null;
    let levels = [];
    for (const row of rows.slice().reverse()) {
      const level = Number(row.dataset.heading || 0);
      const keep = wanted(row) || (level > 0 && levels.some((below) => below === 0 || below > level));
      row.classList.toggle("gone", !keep);
      if (level) levels = levels.filter((below) => below !== 0 && below < level);
      if (keep) levels.push(level);
    }
    for (const button of buttons) button.setAttribute("aria-pressed", String(chosen.has(button.dataset.verdict)));
    reset.hidden = chosen.size === 0;
    status.textContent = chosen.size ? document.body.dataset.shown.replace("{shown}", shown()) : "";
    document.body.classList.toggle("filtered", chosen.size > 0);
    align();
  }
  function shown() {
    const counts = buttons.filter((button) => chosen.has(button.dataset.verdict));
    return new Intl.NumberFormat(root.lang).format(counts.reduce((sum, one) => sum + Number(one.dataset.n), 0));
  }
  for (const button of buttons) {
    button.addEventListener("click", () => {
      const verdict = button.dataset.verdict;
      if (!chosen.delete(verdict)) chosen.add(verdict);
      filter();
    });
  }
  reset.addEventListener("click", () => { chosen.clear(); filter(); buttons[0].focus(); });

  // Ages are told from now on, not from when the page was made: a page that lies about its age is no evidence.
  const made = new Date(document.body.dataset.at).getTime();
  const fresh = Number(document.body.dataset.fresh) * 1000;
  const words = new Intl.RelativeTimeFormat(root.lang, { style: "short" });
  const units = [["year", 31536e6], ["month", 2592e6], ["day", 864e5], ["hour", 36e5], ["minute", 6e4]];
  function tick() {
    const now = Date.now();
    if (now < made) return;
    document.querySelector(".aged").hidden = now - made <= fresh;
    for (const time of all("time")) {
      const age = now - new Date(time.dateTime).getTime();
      const unit = units.find(([, length]) => age >= length);
      if (unit) time.textContent = words.format(-Math.floor(age / unit[1]), unit[0]);
    }
  }

  // Notes stand beside the line they speak of, or below the note before where two would collide.
  const wide = matchMedia("screen and (min-width: 64rem)");
  function align() {
    if (!wide.matches) return;
    const placed = all(".row:not(.gone) > ul.margin > .note:not(.off)").map((note) => {
      const sentence = document.getElementById("m" + note.dataset.e).closest(".s");
      const from = note.parentElement.getBoundingClientRect().top;
      return { note, from, at: sentence.getClientRects()[0].top, height: note.offsetHeight };
    });
    let bottom = -Infinity;
    for (const { note, from, at, height } of placed) {
      const top = Math.max(at, bottom);
      note.style.top = top - from + "px";
      bottom = top + height;
    }
  }
  new ResizeObserver(align).observe(document.querySelector("main"));

  tick();
  align();
  setInterval(tick, 6e4);
  follow();
})();
