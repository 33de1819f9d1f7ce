const speak = (language) => {
  root.lang = language;
  for (const button of document.querySelectorAll("[data-speaks]")) {
    button.setAttribute("aria-pressed", button.dataset.speaks === language);
  }
};
let language = navigator.language.startsWith("vi") ? "vi" : root.lang;
try { language = localStorage.getItem("journey-language") || language; } catch { /* see head.js */ }
speak(language);
for (const button of document.querySelectorAll("[data-speaks]")) {
  button.addEventListener("click", () => {
    speak(button.dataset.speaks);
    try { localStorage.setItem("journey-language", button.dataset.speaks); } catch { /* see head.js */ }
  });
}
