document.documentElement.classList.add("js");
try {
  const chosen = localStorage.getItem("journey-theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
} catch { /* a browser may forbid storage to files; the system's choice stands */ }
