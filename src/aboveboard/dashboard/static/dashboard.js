// What pages do beyond links and forms: draw charts, switch the theme, wait for the first event.
// Everything else works without it.

const system = matchMedia("(prefers-color-scheme: dark)");

function theme() {
  return document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light");
}

// Charts. Vega compiles expressions to functions unless told to interpret them; the page's
// security policy forbids the first, hence `ast`. Its own styles are left out for the same reason.

const figures = [...document.querySelectorAll("figure.chart")];

async function draw(figure) {
  const canvas = figure.querySelector(".canvas");
  const spec = JSON.parse(figure.querySelector(".spec").textContent);
  const width = canvas.clientWidth;
  const look = JSON.parse(document.querySelector("#looks").textContent)[theme()];
  const config = {
    ...look,
    axisY: { ...look.axisY, labelLimit: Math.round(Math.min(260, width * 0.4)) },
    legend: { ...look.legend, columns: width < 520 ? 1 : 0 },
  };
  delete spec.title; // the page has its own
  spec.description = figure.dataset.title;
  spec.autosize = { type: "fit-x", contains: "padding" };
  figure.drawn?.finalize();
  figure.drawn = await window.vegaEmbed(canvas, spec, {
    mode: "vega-lite",
    ast: true,
    actions: false,
    config,
    defaultStyle: false,
    renderer: "svg",
    tooltip: { disableDefaultStyle: true, theme: "page" },
  });
  figure.dataset.drawn = theme();
  figure.width = width;
  walk(figure, canvas);
}

// A chart over days can be walked with the arrow keys, and says where one is; drag over days to
// look at those alone.

function walk(figure, canvas) {
  const spec = JSON.parse(figure.querySelector(".spec").textContent);
  const rows = spec.data.values.filter((row) => row.day);
  if (!rows.length || figure.walked) return;
  figure.walked = true;
  const measure = spec.params?.find((param) => param.name === "measure")?.value;
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "group");
  canvas.setAttribute("aria-label", `${figure.dataset.title} Arrow keys walk its points.`);
  let place = -1;
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -rows.length, End: rows.length }[event.key];
    if (!step) return;
    event.preventDefault();
    const from = place < 0 ? (step > 0 ? -1 : rows.length) : place;
    place = Math.max(0, Math.min(rows.length - 1, from + step));
    const row = rows[place];
    const value = row[measure] ?? "nothing known";
    const day = new Date(`${row.day}T00:00Z`).toLocaleDateString("en-GB", {
      day: "numeric",
      month: "short",
      timeZone: "UTC",
    });
    const words = `${day}, ${typeof value === "number" ? value.toLocaleString("en-US") : value} ${measure}${row.complete === false ? ", not whole yet" : ""}`;
    say(words);
    figure.querySelector(".at")?.remove();
    const at = document.createElement("p");
    at.className = "at quiet";
    at.textContent = words;
    figure.append(at);
  });
  let from = null;
  const dayAt = (x) => {
    const box = canvas.querySelector(".background")?.getBoundingClientRect();
    if (!box) return null;
    const part = Math.max(0, Math.min(1, (x - box.left) / box.width));
    return rows[Math.round(part * (rows.length - 1))].day;
  };
  canvas.addEventListener("pointerdown", (event) => (from = event.clientX));
  addEventListener("pointerup", (event) => {
    if (from === null || event.pointerType === "touch") return (from = null);
    const [a, b] = [dayAt(from), dayAt(event.clientX)].sort();
    const far = Math.abs(event.clientX - from) > 24;
    from = null;
    if (!far || !a || a === b) return;
    const address = new URL(location.href);
    address.searchParams.set("since", a);
    address.searchParams.set("until", b);
    location.assign(address);
  });
}

async function drawAll() {
  for (const figure of figures) await draw(figure);
}

// The server's picture in the place of charts that could not be drawn.
function fallBack(error) {
  console.error(error);
  for (const place of document.querySelectorAll(".chart-failed")) {
    const image = place.querySelector("img");
    image.src = image.dataset.src + (image.dataset.src.includes("?") ? "&" : "?") + `theme=${theme()}`;
    place.hidden = false;
  }
  for (const figure of figures) figure.hidden = true;
}

if (figures.length) {
  import(document.querySelector("#looks").dataset.vega).then(drawAll).catch(fallBack);
  let settled;
  addEventListener("resize", () => {
    clearTimeout(settled);
    settled = setTimeout(() => {
      const changed = (figure) => figure.querySelector(".canvas").clientWidth !== figure.width;
      for (const figure of figures) if (figure.drawn && changed(figure)) draw(figure);
    }, 150);
  });
}

// The theme: what the button says is what it does.

const button = document.querySelector("button.theme");

function name() {
  const other = theme() === "dark" ? "light" : "dark";
  button.setAttribute("aria-label", `Use the ${other} theme`);
  button.querySelector("span").textContent = other === "dark" ? "Dark" : "Light";
}

function themed() {
  name();
  if (figures.some((figure) => figure.drawn)) drawAll().catch(fallBack);
}

button.hidden = false;
name();
button.addEventListener("click", () => {
  const chosen = theme() === "dark" ? "light" : "dark";
  const same = chosen === (system.matches ? "dark" : "light");
  if (same) delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
  try {
    if (same) localStorage.removeItem("aboveboard-theme");
    else localStorage.setItem("aboveboard-theme", chosen);
  } catch {
    // see theme.js
  }
  themed();
});
system.addEventListener("change", themed);

// On a small screen the pages are a menu that is closed to begin with. Without scripts it is open.

const menu = document.querySelector("details.menu");
const narrow = matchMedia("(max-width: 860px)");
function fold() {
  if (menu) menu.open = !narrow.matches;
}
fold();
narrow.addEventListener("change", fold);

// What is chosen applies when it is chosen; without scripts there is a button.

for (const select of document.querySelectorAll(".filters > .choose select, .adding select, select.apply")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
for (const form of document.querySelectorAll("form[method=get]")) {
  form.addEventListener("submit", () => {
    // What is left empty does not stand in the address.
    for (const field of form.elements) if (field.name && !field.value) field.disabled = true;
  });
}

// One custom period is open at a time, and leaves with Escape or a click beside it.

for (const details of document.querySelectorAll("details.custom, details.project, details.adding, details.copying")) {
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && details.open) {
      details.open = false;
      details.querySelector("summary").focus();
    }
  });
  addEventListener("pointerdown", (event) => {
    if (!details.contains(event.target)) details.open = false;
  });
}

// Addresses to copy: a click on one copies it, where the browser lets a page do that.

const said = document.querySelector("#said");
function say(words) {
  if (said) said.textContent = words;
}
if (navigator.clipboard) {
  for (const link of document.querySelectorAll("a.address")) {
    link.textContent = `Copy the ${link.textContent.toLowerCase()} link`;
    link.addEventListener("click", async (event) => {
      event.preventDefault();
      await navigator.clipboard.writeText(link.href);
      const words = link.textContent;
      link.textContent = "Copied";
      say("The link is copied");
      setTimeout(() => (link.textContent = words), 1500);
    });
  }
}

// Keys. Not while something is typed, and never with another key held, which is the browser's. They
// work while their list is shown too, which then makes room.

const help = document.querySelector("dialog.help");
help?.querySelector(".close").addEventListener("click", () => help.close());
const periods = { d: 1, w: 7, m: 30, y: 365 };
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea")) return;
  const click = (selector) => document.querySelector(selector)?.click();
  if (event.key in periods) click(`.periods a[data-days="${periods[event.key]}"]`);
  else if (event.key === "c") {
    const compare = document.querySelector("select[name=compare]");
    if (!compare) return;
    compare.value = compare.value === "off" ? "" : "off";
    compare.form.requestSubmit();
  } else if (event.key === "f") {
    const adding = document.querySelector("details.adding");
    if (!adding) return;
    event.preventDefault();
    help?.close();
    adding.open = true;
    adding.querySelector("select").focus();
  } else if (event.key === "/") {
    const find = document.querySelector("input[type=search]");
    if (!find) return;
    event.preventDefault();
    help?.close();
    find.focus();
  } else if (/^[1-9]$/.test(event.key)) {
    document.querySelectorAll(".side nav a")[Number(event.key) - 1]?.click();
  } else if (event.key === "?") {
    if (help?.open) help.close();
    else help?.showModal();
  }
});

// Commands and programs to copy, where the browser lets a page do that.

if (navigator.clipboard) {
  for (const block of document.querySelectorAll("pre")) {
    const copy = document.createElement("button");
    copy.type = "button";
    copy.className = "copy";
    copy.textContent = "Copy";
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(block.querySelector("code").textContent);
      copy.textContent = "Copied";
      setTimeout(() => (copy.textContent = "Copy"), 1500);
    });
    block.after(copy);
  }
}

// What is wider than its place fades where it is cut, so that one sees that it scrolls.

function fade(place) {
  const left = place.scrollLeft > 1;
  const right = place.scrollLeft + place.clientWidth < place.scrollWidth - 1;
  if (left || right) place.dataset.more = `${left ? "left" : ""} ${right ? "right" : ""}`;
  else delete place.dataset.more;
}
const resized = new ResizeObserver((entries) => entries.forEach((entry) => fade(entry.target)));
for (const place of document.querySelectorAll(".scroll, pre")) {
  resized.observe(place);
  place.addEventListener("scroll", () => fade(place), { passive: true });
}

// A project without events: look again, and go on when there is one.

const waiting = document.querySelector("[data-waiting]");
if (waiting) {
  document.querySelector(".waiting").hidden = false;
  const look = async () => {
    try {
      const answer = await fetch(waiting.dataset.waiting);
      if (answer.status === 401 || answer.status === 404) {
        // Signed out meanwhile, or the project is gone: the page itself says which.
        location.reload();
        return;
      }
      if (answer.ok && (await answer.json()).rows.some((row) => row.some((value) => value > 0))) {
        location.reload();
        return;
      }
    } catch {
      // The collector may be restarting: the next look tells.
    }
    setTimeout(look, 2000);
  };
  setTimeout(look, 2000);
}

// A developer's own events: the page looks for more every second, and keeps its place.

const live = document.querySelector("[data-live]");
if (live) {
  const look = async () => {
    try {
      const answer = await fetch(location.href);
      const told = new DOMParser().parseFromString(await answer.text(), "text/html");
      const now = told.querySelector("[data-live]");
      if (!answer.ok || !now) {
        location.reload();
        return;
      }
      if (now.textContent !== live.textContent) live.replaceChildren(...now.children);
    } catch {
      // The collector may be restarting: the next look tells.
    }
    setTimeout(look, 1000);
  };
  setTimeout(look, 1000);
}
