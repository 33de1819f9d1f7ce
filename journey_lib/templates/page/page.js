"use strict";
const root = document.documentElement;
const systemDark = matchMedia("(prefers-color-scheme: dark)");
const scheme = () => root.dataset.theme || (systemDark.matches ? "dark" : "light");

const themeButton = document.querySelector("[data-does=theme]");
const sayScheme = () => {
  themeButton.setAttribute("aria-pressed", scheme() === "dark");
  document.dispatchEvent(new Event("schemechange"));
};
themeButton.addEventListener("click", () => {
  root.dataset.theme = scheme() === "dark" ? "light" : "dark";
  try { localStorage.setItem("journey-theme", root.dataset.theme); } catch { /* see head.js */ }
  sayScheme();
});
systemDark.addEventListener("change", sayScheme);
themeButton.setAttribute("aria-pressed", scheme() === "dark");
