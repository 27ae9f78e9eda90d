// Runs before the page is drawn, so that it does not flash in the other theme.
"use strict";
{
  const root = document.documentElement;
  const stored = localStorage.getItem("theme");
  if (stored) root.dataset.theme = stored;

  const light = matchMedia("(prefers-color-scheme: light)");
  const current = () => root.dataset.theme ?? (light.matches ? "light" : "dark");

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const draw = () => { button.textContent = current() === "dark" ? "☀" : "☾"; };
    button.addEventListener("click", () => {
      root.dataset.theme = current() === "dark" ? "light" : "dark";
      localStorage.setItem("theme", root.dataset.theme);
      draw();
    });
    light.addEventListener("change", draw);
    draw();
  });
}
