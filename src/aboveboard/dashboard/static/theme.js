// Before the first paint. Where there are scripts, charts are drawn here; without, the server's.
document.documentElement.classList.add("scripted");

// The theme that was chosen here, if one was; otherwise the system's holds.
try {
  const chosen = localStorage.getItem("aboveboard-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Without storage (a private window, a strict browser) the choice lasts for the page.
}
