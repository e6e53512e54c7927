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

// On a small screen the pages are a strip that scrolls: show where on it this page is. Not with
// scrollIntoView, after which the first Tab would go on from there and past the link to the content.

const here = document.querySelector(".side nav [aria-current]");
if (here) {
  const strip = here.closest("nav");
  const { left, width } = here.getBoundingClientRect();
  strip.scrollLeft += left - strip.getBoundingClientRect().left - (strip.clientWidth - width) / 2;
}

// One custom period is open at a time, and leaves with Escape or a click beside it.

for (const details of document.querySelectorAll("details.custom, details.project")) {
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
