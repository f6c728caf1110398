(() => {
  const root = document.documentElement;
  const key = "vidette-theme";
  const kept = () => { try { return localStorage.getItem(key); } catch { return null; } };
  const keep = (theme) => { try { localStorage.setItem(key, theme); } catch { /* a file may have no storage */ } };
  const show = (theme) => { if (theme === "dark" || theme === "light") root.dataset.theme = theme; };
  show(kept());
  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const dark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
    const tell = () => button.setAttribute("aria-pressed", String(dark()));
    button.hidden = false;
    tell();
    button.addEventListener("click", () => { show(dark() ? "light" : "dark"); keep(root.dataset.theme); tell(); });
  });
})();
