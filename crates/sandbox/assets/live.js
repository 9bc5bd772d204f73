// Makes the sandbox's pages follow what arrives: on "news" the page is fetched anew
// and its parts marked data-live are swapped. Everything works without this script.

const shown = new Map();

function ownTimes(root) {
  const forms = {
    time: new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" }),
    day: new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" }),
  };
  for (const time of root.querySelectorAll("time[data-show]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) time.textContent = forms[time.dataset.show].format(at);
  }
}

async function refresh() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(part.id);
    // Compared with what the server sent, because the times here are already changed.
    if (!fresh || shown.get(part.id) === fresh.innerHTML) continue;
    shown.set(part.id, fresh.innerHTML);
    const next = document.importNode(fresh, true);
    ownTimes(next);
    const focused = part.contains(document.activeElement) && document.activeElement.getAttribute("href");
    part.replaceWith(next);
    if (focused) next.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  }
}

let busy = false;
let again = false;
async function onNews() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  do {
    again = false;
    await refresh().catch(() => {});
  } while (again);
  busy = false;
}

for (const part of document.querySelectorAll("[data-live]")) shown.set(part.id, part.innerHTML);
ownTimes(document);
for (const line of document.querySelectorAll("[data-zone]")) line.hidden = line.dataset.zone === "utc";

if (document.querySelector("[data-live]")) {
  const news = new EventSource("/sandbox/live");
  news.addEventListener("news", onNews);
  news.addEventListener("open", () => document.documentElement.classList.add("is-live"));
  news.addEventListener("error", () => document.documentElement.classList.remove("is-live"));
}
