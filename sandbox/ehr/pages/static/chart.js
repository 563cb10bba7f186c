// The Flags banner asks every two seconds, so that a Flag written by an app appears by itself.
const banner = document.getElementById("flags");
const list = banner.querySelector("ul");
let shown = null;

function piece(tag, text, name) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (name) element.className = name;
  return element;
}

function moment(text) {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return text;
  const shown = { dateStyle: "medium", timeStyle: "short", timeZone: banner.dataset.timezone };
  return at.toLocaleString("en-GB", shown);
}

function line(flag, isNew) {
  const item = document.createElement("li");
  item.dataset.flag = flag.id;
  item.append(piece("strong", flag.text), piece("time", `since ${moment(flag.since)}`));
  if (flag.author) item.append(piece("span", `by ${flag.author}`, "author"));
  const seen = flag.acknowledged;
  if (seen) {
    const note = seen.note ? `: ${seen.note}` : "";
    item.append(piece("span", `Acknowledged by ${seen.by}, ${moment(seen.at)}${note}`, "done"));
  } else {
    item.append(piece("span", "Not acknowledged", "open"));
  }
  if (isNew) item.classList.add("new");
  return item;
}

function show(flags) {
  const state = JSON.stringify(flags);
  if (state === shown) return;
  const known = new Set([...list.children].map((item) => item.dataset.flag));
  list.replaceChildren(...flags.map((flag) => line(flag, shown !== null && !known.has(flag.id))));
  banner.dataset.none = flags.length ? "no" : "yes";
  banner.dataset.allDone = flags.length && flags.every((flag) => flag.acknowledged) ? "yes" : "no";
  shown = state;
}

async function poll() {
  try {
    const answer = await fetch(banner.dataset.source, { cache: "no-store" });
    if (answer.ok) show((await answer.json()).flags);
  } finally {
    setTimeout(poll, 2000);
  }
}

const toggle = document.getElementById("summary");
toggle?.addEventListener("click", () => {
  const hidden = document.body.classList.toggle("plain");
  toggle.setAttribute("aria-pressed", String(hidden));
  toggle.textContent = hidden ? "Show summary" : "Hide summary";
});

poll();
