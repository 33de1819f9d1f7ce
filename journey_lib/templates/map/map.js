// On paper a map is one sheet. How much of it fits depends on the letters this machine has: before printing the map is
// laid out as on paper and measured. It is drawn as large as it fits; where that would be too small to read, its cells
// are shortened step by step, and where even that is not enough it goes on on the next sheet, in full.
const paperMap = { width: 1511, height: 1042, most: 1.9, legible: 1, least: 0.93, short: 3 };
const rulesOf = (kind) => [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules])
  .filter((rule) => rule instanceof CSSMediaRule && rule.media.mediaText.split(/\s/)[0] === kind);

const fitMap = (map) => {
  const fits = (size) => {
    map.style.setProperty("--fit", size);
    map.style.width = `${paperMap.width / size}px`;
    const box = map.getBoundingClientRect();
    return box.height / box.width <= paperMap.height / paperMap.width;
  };
  // Whether a step is enough takes one layout; how large it may be, a few.
  let short = 0, one = fits(paperMap.legible);
  while (!one && short < paperMap.short) {
    short += 1;
    map.classList.add(`jm-short-${short}`);
    map.classList.remove(`jm-short-${short - 1}`);
    one = fits(paperMap.legible);
  }
  if (!one) {
    // On two sheets there is room for everything, unless a little smaller one is enough.
    map.classList.remove(`jm-short-${short}`);
    if (!fits(paperMap.least)) {
      map.classList.remove("jm-one");
      map.style.setProperty("--fit", paperMap.legible);
      return;
    }
  }
  let [low, high] = one ? [paperMap.legible, paperMap.most] : [paperMap.least, paperMap.legible];
  while (high - low > 0.01 * low) {
    const middle = (low + high) / 2;
    if (fits(middle)) low = middle; else high = middle;
  }
  map.style.setProperty("--fit", low.toFixed(3));
};

addEventListener("beforeprint", () => {
  const maps = [...document.querySelectorAll(".jmap")];
  const print = rulesOf("print"), screen = rulesOf("screen").map((rule) => [rule, rule.media.mediaText]);
  for (const rule of print) rule.media.mediaText = "all";
  for (const [rule] of screen) rule.media.mediaText = "not all";
  for (const map of maps) {
    for (let short = 1; short <= paperMap.short; short += 1) map.classList.remove(`jm-short-${short}`);
    map.classList.add("jm-one");
    map.style.height = "auto";
    fitMap(map);
    for (const set of ["height", "width"]) map.style.removeProperty(set);
  }
  for (const rule of print) rule.media.mediaText = "print";
  for (const [rule, kind] of screen) rule.media.mediaText = kind;
});
