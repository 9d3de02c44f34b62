/* The page: theme, filter, links, and what happens when a case is opened. */

/* The theme: the system's, until somebody chooses. */
const root = document.documentElement;
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
const remember = (theme) => { try { localStorage.setItem("emu-theme", theme); } catch { /* not allowed here */ } };
const remembered = () => { try { return localStorage.getItem("emu-theme"); } catch { return null; } };
if (remembered()) root.dataset.theme = remembered();
const isDark = () => (root.dataset.theme || (systemIsDark.matches ? "dark" : "light")) === "dark";
$("#theme").addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  remember(root.dataset.theme);
  themed.forEach((draw) => draw());
});
systemIsDark.addEventListener("change", () => themed.forEach((draw) => draw()));
$(".controls").hidden = false;

/* Paper is light. */
let onScreen = null;
addEventListener("beforeprint", () => {
  onScreen = root.dataset.theme ?? "";
  root.dataset.theme = "light";
  themed.forEach((draw) => draw());
});
addEventListener("afterprint", () => {
  if (onScreen) root.dataset.theme = onScreen;
  else delete root.dataset.theme;
  themed.forEach((draw) => draw());
});

/* What several cases have alike is in the page once, and copied when a case is opened. */
const fill = (placeholder) => {
  const held = document.getElementById(placeholder.dataset.like);
  const copies = held ? [...held.children].slice(1).filter((each) => !each.matches(".timeline")) : [];
  if (copies.length) placeholder.after(...copies.map((each) => each.cloneNode(true)));
  if (copies.length) placeholder.remove();
};

/* The filter: endings and words; every word must be somewhere in the case. */
const cases = $$(".case");
const texts = new Map();
const textOf = (each) => {
  if (!texts.has(each)) {
    const elsewhere = $$("[data-like]", each).map((like) => document.getElementById(like.dataset.like)?.textContent);
    texts.set(each, [each.textContent, ...elsewhere].join(" ").toLowerCase());
  }
  return texts.get(each);
};
const words = $("#words");
const filter = () => {
  const endings = new Set($$("[data-ending][aria-pressed=true]").map((button) => button.dataset.ending));
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const each of cases) {
    const fits = endings.has(each.dataset.ending) && wanted.every((word) => textOf(each).includes(word));
    each.hidden = !fits;
    shown += fits;
  }
  for (const group of $$(".group")) group.hidden = !$(".case:not([hidden])", group);
  for (const cell of $$(".cell")) {
    cell.classList.toggle("unwanted", document.getElementById(cell.dataset.case).closest(".case").hidden);
  }
  $("#shown").textContent = shown === cases.length ? "" : `${shown} of ${cases.length} tests shown`;
};
let typing = 0;
words.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(filter, 80); });
for (const button of $$(".endings button")) {
  button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    filter();
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.matches("input")) { event.preventDefault(); words.focus(); }
  if (event.key === "Escape" && event.target === words) { words.value = ""; filter(); }
});

/* A case comes alive when it is opened. */
const opened = new WeakSet();
const open = (each) => {
  if (!each.open || opened.has(each)) return;
  opened.add(each);
  textOf(each);
  $$("[data-like]", each).forEach(fill);
  $$(".timeline", each).forEach((place) => new Timeline(place, each));
};
for (const each of cases) each.addEventListener("toggle", () => open(each));

/* Links to a case, or to a part of one, open it. */
const follow = () => {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const each = target && target.closest(".case");
  if (!each) return;
  each.hidden = false;
  each.open = true;
  open(each);
  target.scrollIntoView();
};
addEventListener("hashchange", follow);
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  if (link && link.hash === location.hash) follow();
});
cases.filter((each) => each.open).forEach(open);
follow();
