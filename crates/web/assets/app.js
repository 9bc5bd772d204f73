// The one module of the pages. Everything works without it: it swaps parts of a page
// instead of loading the whole, listens for news, and adds the keyboard.

const page = document;
const all = (what, within = page) => [...within.querySelectorAll(what)];
const one = (what, within = page) => within.querySelector(what);
page.documentElement.classList.add("js");

// Markup comes from this server only, escaped there; this is the single place it enters.
const policy = window.trustedTypes?.createPolicy("app", { createHTML: (text) => text }) ?? {
  createHTML: (text) => text,
};
const parse = (text) => new DOMParser().parseFromString(policy.createHTML(text), "text/html");

// --- saying things

const says = one("#says span")?.dataset ?? one("#says")?.content.firstElementChild?.dataset ?? {};
let waiting = "";
let lastSaid = 0;

function announce(text) {
  waiting = text;
  const wait = Math.max(100, lastSaid + 3000 - Date.now());
  setTimeout(() => {
    if (!waiting) return;
    one("#status").textContent = waiting;
    waiting = "";
    lastSaid = Date.now();
  }, wait);
}

function alarm(text) {
  if (text) one("#alert").textContent = text;
}

// --- swapping parts

const PARTS = ["side", "list", "read", "bar", "hops"];

/**
 * Replaces the named parts of this page with those of `fresh`, keeping focus and scroll.
 * A fragment brings only what is inside its parts.
 */
function swap(fresh, parts = PARTS, whole = true) {
  const focused = page.activeElement?.id || page.activeElement?.closest("[id]")?.id;
  const open = all("details[open][id]").map((details) => details.id);
  for (const id of parts) {
    const old = page.getElementById(id);
    const next = fresh.getElementById(id);
    if (!old || !next) continue;
    const { scrollTop } = old;
    if (whole) old.replaceWith(next);
    else {
      old.replaceChildren(...next.childNodes);
      Object.assign(old.dataset, next.dataset);
    }
    page.getElementById(id).scrollTop = scrollTop;
  }
  for (const id of open) page.getElementById(id)?.setAttribute("open", "");
  if (focused && !page.activeElement?.closest("main, section, nav, aside")) {
    const back = page.getElementById(focused);
    (back?.querySelector("a, button, input") ?? back)?.focus({ preventScroll: true });
  }
  page.title = fresh.title || page.title;
  holdToast();
}

/** A whole page, fetched; its parts take the place of ours. */
async function go(url, options = {}, remember = true) {
  const answer = await fetch(url, { ...options, headers: { accept: "text/html" } });
  if (!answer.ok || !answer.headers.get("content-type")?.includes("text/html")) {
    if (options.method === "post") {
      alarm(says.failed);
      throw new Error(`answered ${answer.status}`);
    }
    location.assign(url);
    return;
  }
  const fresh = parse(await answer.text());
  if (!fresh.getElementById("list") || !page.getElementById("list")) {
    location.assign(answer.url);
    return;
  }
  page.body.className = fresh.body.className;
  swap(fresh);
  const shown = new URL(answer.url);
  for (const name of ["done", "id", "at", "count"]) shown.searchParams.delete(name);
  const address = shown.pathname + shown.search;
  if (remember && address !== location.pathname + location.search) history.pushState(null, "", address);
}

addEventListener("popstate", () => {
  if (one("#list")) go(location.href, {}, false).catch(() => location.reload());
});

page.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest("a[href]");
  if (link?.matches("[data-older]")) {
    event.preventDefault();
    older(link);
  } else if (link?.matches("[data-open], [data-back], [data-swap], .cats a")) {
    event.preventDefault();
    const opens = link.matches("[data-open]");
    const came = one("#read")?.dataset.id;
    go(link.href)
      .then(() => {
        if (opens) {
          one("#read").scrollTop = 0;
          focusOn(one("#read"));
          if (innerWidth < 992) scrollTo(0, 0);
        } else if (link.matches("[data-back]")) focusOn(rowLink(came) ?? one("#list"));
      })
      .catch(() => location.assign(link.href));
  }
});

page.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-swap]")) return;
  event.preventDefault();
  const button = event.submitter;
  if (button) button.disabled = true;
  const gone = form.closest(".read")?.dataset.id ?? form.closest(".row")?.id;
  const next = gone && neighbour(gone);
  go(form.action, { method: "post", body: new URLSearchParams(new FormData(form)) })
    .then(() => focusOn(rowLink(next) ?? one("#list h1, #list")))
    .catch(() => {
      if (button) button.disabled = false;
    });
});

// A search keeps its address short: what was left empty is left out.
page.addEventListener("formdata", ({ formData, target }) => {
  if (target.method !== "get") return;
  for (const [name, value] of [...formData]) if (!value) formData.delete(name);
});

const rows = () => all("#list .row");
const rowLink = (id) => id && page.getElementById(id)?.querySelector("a");

function neighbour(id) {
  const list = rows();
  const at = list.findIndex((row) => row.id === id);
  return (list[at + 1] ?? list[at - 1])?.id;
}

function focusOn(element) {
  if (!element) return;
  if (!element.matches("a, button, input, [tabindex]")) element.tabIndex = -1;
  element.focus({ preventScroll: element.matches(".read, .list") });
}

async function older(link) {
  link.setAttribute("aria-disabled", "true");
  const answer = await fetch(`${link.href}&fragment=list`);
  if (!answer.ok) return location.assign(link.href);
  const fresh = parse(await answer.text());
  const list = one("#list");
  const [first, ...rest] = all("#list > .day", fresh);
  const from = link.closest(".older");
  const newest = one("#list .row a", fresh);
  const lastDay = all("#list > .day").at(-1);
  const add = (day, merge) => {
    const items = day.nextElementSibling;
    if (merge) all("#list > .rows").at(-1).append(...items.children);
    else from.before(day, items);
  };
  if (first) add(first, first.textContent === lastDay?.textContent);
  for (const day of rest) add(day, false);
  const next = one("#list .older", fresh);
  if (next) from.replaceWith(next);
  else from.remove();
  list.dataset.extended = "yes";
  newest?.focus();
}

// --- the bar that takes back: stays ten seconds, longer while it is looked at

let toastTimer;

function holdToast() {
  const toast = one(".notice.toast");
  clearTimeout(toastTimer);
  if (!toast || toast.dataset.held) return;
  toast.dataset.held = "yes";
  announce(one("p", toast).textContent);
  const leave = () => {
    clearTimeout(toastTimer);
    toastTimer = setTimeout(() => toast.remove(), 12000);
  };
  const stay = () => clearTimeout(toastTimer);
  toast.addEventListener("pointerenter", stay);
  toast.addEventListener("pointerleave", leave);
  toast.addEventListener("focusin", stay);
  toast.addEventListener("focusout", leave);
  leave();
  const clean = new URL(location.href);
  if (clean.searchParams.has("done")) {
    for (const name of ["done", "id", "at", "count"]) clean.searchParams.delete(name);
    history.replaceState(null, "", clean.pathname + clean.search);
  }
}

// --- news

let newsTimer;

async function refresh() {
  const list = one("#list");
  if (!list) return;
  const url = new URL(location.href);
  const reading = one("#read")?.dataset.id;
  if (url.pathname !== "/messages/deleted") url.pathname = "/messages";
  url.searchParams.set("fragment", "list");
  if (reading) url.searchParams.set("reading", reading);
  const answer = await fetch(url);
  if (!answer.ok) return;
  const fresh = parse(await answer.text());
  const known = new Set(rows().map((row) => row.id));
  const arrived = all(".row.unread", fresh).filter((row) => !known.has(row.id));
  const busy = list.dataset.extended || list.contains(page.activeElement) || list.scrollTop > 80 || (innerWidth < 992 && scrollY > 80);
  if (reading) fresh.title = page.title.replace(/^(?:\(\d+\) )?/, unreadPrefix(fresh));
  if (busy && arrived.length) offer(arrived.length);
  swap(fresh, busy ? ["side", "bar"] : ["side", "list", "bar"], false);
  if (arrived.length) announce(arrived.length === 1 ? says.one : says.many?.replace("{n}", arrived.length));
}

const unreadPrefix = (fresh) => {
  const count = /\((\d+) /.exec(fresh.title)?.[1];
  return count ? `(${count}) ` : "";
};

function offer(count) {
  one(".fresh")?.remove();
  const box = page.createElement("p");
  box.className = "fresh";
  const button = page.createElement("button");
  button.className = "btn main small";
  button.type = "button";
  button.textContent = says.show?.replace("{n}", count) ?? String(count);
  button.addEventListener("click", () => {
    one("#list").scrollTop = 0;
    scrollTo(0, 0);
    const url = new URL(location.href);
    url.searchParams.delete("after");
    go(url.href).then(() => focusOn(one("#list .row a")));
  });
  box.append(button);
  one("#list").prepend(box);
}

function listen() {
  const where = page.body.dataset.live;
  if (!where || !one("#list")) return;
  const source = new EventSource(`${where}?known=${one("#list").dataset.revision}`);
  const soon = () => {
    clearTimeout(newsTimer);
    newsTimer = setTimeout(() => refresh().catch(() => {}), 250);
  };
  source.addEventListener("news", soon);
  source.addEventListener("error", () => {
    // The browser tries again by itself unless the server said no.
    if (source.readyState === EventSource.CLOSED) setInterval(() => !page.hidden && soon(), 60000);
  });
  addEventListener("pagehide", () => source.close());
}

// --- the path: fetched again every few seconds unless paused

function follow() {
  const main = one("[data-refresh]");
  if (!main) return;
  const pause = one("[data-pause]");
  let stopped = false;
  let latest = "";
  pause?.addEventListener("click", () => {
    stopped = !stopped;
    pause.setAttribute("aria-pressed", String(stopped));
    page.body.classList.toggle("paused", stopped);
  });
  setInterval(async () => {
    if (stopped || page.hidden || one("#hops")?.contains(page.activeElement)) return;
    const answer = await fetch(main.dataset.refresh).catch(() => null);
    const text = answer?.ok ? await answer.text() : latest;
    if (text === latest) return;
    latest = text;
    swap(parse(text), ["hops"], false);
  }, 3000);
}

// --- the desk: what would be sent, shown anew as one types

function desk() {
  const form = one("form[data-desk]");
  if (!form) return;
  let timer;
  let asking;
  const show = async () => {
    asking?.abort();
    asking = new AbortController();
    const body = new URLSearchParams(new FormData(form));
    body.set("act", "preview");
    const answer = await fetch(form.action, { method: "post", body, signal: asking.signal, headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const fresh = parse(await answer.text());
    const inner = ["p-text", "p-lock", "p-center", "p-mail", "p-quiet"];
    const same = inner.every((id) => !page.getElementById(id) === !fresh.getElementById(id)) && fresh.getElementById("p-text");
    const parts = [...all("[id^=f-], [id^=c-]", form).map((part) => part.id), "d-verdict", "d-all", ...(same ? inner : ["d-previews"])];
    // What is as it was stays, so that a mail that is read does not jump.
    swap(fresh, parts.filter((id) => {
      const [old, next] = [page.getElementById(id), fresh.getElementById(id)];
      for (const details of old ? all("details[open][id]", old) : []) one(`#${details.id}`, next ?? fresh)?.setAttribute("open", "");
      return old && next && !old.isEqualNode(next);
    }));
    for (const text of all("textarea", form)) {
      if (one(".found", text.parentElement)) text.setAttribute("aria-invalid", "true");
      else text.removeAttribute("aria-invalid");
    }
  };
  form.addEventListener("input", (event) => {
    if (event.target.name === "note") return;
    clearTimeout(timer);
    timer = setTimeout(() => show().catch(() => {}), event.target.matches("select") ? 0 : 300);
    form.dataset.changed = "yes";
  });
  form.addEventListener("submit", () => delete form.dataset.changed);
  // Leads from what is wrong to its line.
  form.addEventListener("click", (event) => {
    const link = event.target.closest("[data-line]");
    const text = link && one("textarea", link.closest(".text") ?? form);
    if (!text) return;
    event.preventDefault();
    const lines = text.value.split("\n");
    const at = lines.slice(0, link.dataset.line - 1).join("\n").length + (link.dataset.line > 1 ? 1 : 0);
    text.focus();
    text.setSelectionRange(at, at + (lines[link.dataset.line - 1] ?? "").length);
  });
  addEventListener("beforeunload", (event) => {
    if (form.dataset.changed) event.preventDefault();
  });
}

// --- menus, print, keyboard

page.addEventListener("click", (event) => {
  for (const menu of all("details.account[open], details.confirm[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  if (event.target.closest("[data-print]")) print();
  const shows = event.target.closest("[data-show]");
  if (shows) page.getElementById(shows.dataset.show)?.showModal();
});

const keysWanted = () => localStorage.getItem("keys") !== "off";

page.addEventListener("change", (event) => {
  if (event.target.id === "keys-on") localStorage.setItem("keys", event.target.checked ? "on" : "off");
});

function step(by) {
  const list = rows();
  if (!list.length) return;
  const focused = list.findIndex((row) => row.contains(page.activeElement));
  const at = focused < 0 ? list.findIndex((row) => row.matches("[aria-current]")) : focused;
  const next = list[Math.min(Math.max(at + by, 0), list.length - 1)];
  one("a", next).focus();
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  o: () => page.activeElement?.closest(".row")?.querySelector("a")?.click(),
  u: () => one("[data-back]")?.click(),
  "#": () => one(".read [data-key=delete]")?.click(),
  U: () => one(".read form[data-key=unread]")?.requestSubmit(),
  z: () => one("[data-undo]")?.click(),
  "/": () => one("#q")?.focus(),
  "?": () => one("#keys")?.showModal(),
};

page.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of all("details.account[open], details.confirm[open]")) {
      menu.open = false;
      one("summary", menu).focus();
    }
  }
  if (!keysWanted() || event.ctrlKey || event.metaKey || event.altKey || one("dialog[open]")) return;
  if (event.target.closest?.("input, select, textarea, [contenteditable]")) return;
  const act = one("#list") && KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

const keysOn = one("#keys-on");
if (keysOn) keysOn.checked = keysWanted();
one(".cats [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
holdToast();
listen();
follow();
desk();
