const codeButton = document.querySelector("[data-does=code]");
codeButton?.addEventListener("click", () => {
  const shown = root.classList.toggle("show-code");
  codeButton.setAttribute("aria-pressed", shown);
});

const contents = document.querySelector(".contents details");
if (contents && matchMedia("(max-width: 66rem)").matches) contents.open = false;

const links = new Map([...document.querySelectorAll(".contents a")].map((a) => [a.hash.slice(1), a]));
const headings = [...links.keys()].map((id) => document.getElementById(id));
const markPlace = () => {
  const here = headings.findLast((h) => h.getBoundingClientRect().top < innerHeight * 0.35) ?? headings[0];
  for (const [id, link] of links) link.toggleAttribute("aria-current", id === here?.id);
};
addEventListener("scroll", () => requestAnimationFrame(markPlace), { passive: true });
markPlace();

const store = document.getElementById("drawings");
if (store && "DecompressionStream" in window) {
  const figures = [...document.querySelectorAll("[data-drawing]")];
  let page, library, queue = Promise.resolve();

  const unpacked = (element) => {
    const packed = Uint8Array.from(atob(element.textContent), (c) => c.charCodeAt(0));
    return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  };

  // The packed library becomes an inline script; the page's policy names its hash, and no other may run.
  const unpack = async () => {
    page = JSON.parse(await unpacked(store));
    const script = document.createElement("script");
    script.textContent = await unpacked(document.getElementById("vega"));
    document.head.append(script);
  };

  const rows = ({ rows, columns }) => {
    if (rows) return structuredClone(rows);
    const whole = Object.entries(columns).map(([name, c]) => [name, c.words ? c.at.map((n) => c.words[n]) : c]);
    return whole[0][1].map((_, i) => Object.fromEntries(whole.map(([name, values]) => [name, values[i]])));
  };

  const plain = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  const merge = (under, over) => plain(under) && plain(over)
    ? { ...under, ...Object.fromEntries(Object.entries(over).map(([k, v]) => [k, merge(under[k], v)])) } : over;

  // Each drawing gets its own copies: Vega marks the rows it reads.
  const specification = (figure, width) => {
    const spec = structuredClone(page.charts[figure.dataset.drawing]);
    const used = new Set(JSON.stringify(spec).match(/"name":"d\d+"/g)?.map((m) => m.slice(8, -1)));
    spec.datasets = Object.fromEntries([...used].filter((n) => n in page.datasets).map((n) => [n, rows(page.datasets[n])]));
    const looks = { range: page.ranges[scheme()], legend: { columns: Math.max(1, Math.floor(width / 135)) } };
    if (width < NARROW) looks.header = { labelLimit: 140 };
    spec.config = [looks, spec.config ?? {}].reduce(merge, page.config);
    if (width < 560 && spec.hconcat) { spec.vconcat = spec.hconcat; delete spec.hconcat; }
    if (spec.columns) spec.columns = Math.max(1, Math.min(spec.columns, Math.floor(width / 170)));
    const facet = spec.encoding?.facet;
    if (facet?.columns) facet.columns = Math.max(1, Math.min(facet.columns, Math.floor(width / 170)));
    return spec;
  };

  const NARROW = 480, LETTER = 6.6, LINE = 12, NAME = 20, words = (most) => `(.{1,${most}})(\\s+|$)`;
  const wrap = (said, most) => [said].flat().join(" ").replace(new RegExp(words(most), "g"), "$1\n").trim().split("\n");

  // What a scale of names is of: the values of its fields, as they came.
  const named = (vega, scale) => [scale?.domain?.fields ?? scale?.domain ?? []].flat().flatMap((part) => {
    if (!plain(part)) return [String(part)];
    let from = vega.data.find((d) => d.name === part.data);
    while (from?.source) from = vega.data.find((d) => d.name === from.source);
    return (from?.values ?? []).map((row) => String(row[part.field] ?? ""));
  });

  // A signal that gives a label in lines of so many letters.
  const inLines = (label, most) => `split(trim(replace(isArray(${label}) ? join(${label}, " ") : ${label},`
    + ` regexp(${JSON.stringify(words(most))}, "g"), "$1\\n")), "\\n")`;

  // On a phone names beside a chart left no room for it, and titles and legends ran out of it: they take lines.
  const narrow = (vega, width) => {
    const parts = [vega], scales = [];
    for (const part of parts) { parts.push(...(part.marks ?? []).filter((m) => m.type === "group")); scales.push(...(part.scales ?? [])); }
    const scale = (name) => scales.find((each) => each.name === name);
    const said = (guide) => guide.encode?.labels?.update?.text?.signal ?? "datum.label";
    const axes = parts.flatMap((part) => part.axes ?? []);
    const beside = axes.filter((axis) =>
      axis.orient === "left" && axis.labels !== false && ["band", "point"].includes(scale(axis.scale)?.type));
    const room = width * (beside.length ? 0.54 : 0.95); // over the plot, where legends stand
    for (const axis of axes) {
      if (axis.title) axis.title = wrap(axis.title, Math.floor((width * 0.8) / LETTER));
      axis.labelSeparation = LETTER;
    }
    for (const axis of beside) {
      const text = inLines(said(axis), NAME), dy = { signal: `${-LINE / 2} * (length(${text}) - 1)` };
      const update = { ...axis.encode?.labels?.update, text: { signal: text }, dy };
      Object.assign(axis, { labelLimit: width * 0.4, labelLineHeight: LINE, labelOffset: 0, encode: { ...axis.encode, labels: { update } } });
      const most = Math.max(1, ...named(vega, scale(axis.scale)).map((name) => wrap(name, NAME).length));
      const step = parts.flatMap((part) => part.signals ?? []).find(({ name }) => name === `${axis.scale}_step`);
      if (step?.value) step.value = Math.max(step.value, LINE * most + 4);
    }
    for (const legend of parts.flatMap((part) => part.legends ?? [])) {
      const most = Math.floor((room - 34) / LETTER), of = scale(legend.fill ?? legend.stroke ?? legend.shape);
      const longest = Math.min(most, Math.max(0, ...named(vega, of).map((name) => name.length)));
      if (legend.title) legend.title = wrap(legend.title, most);
      legend.gradientLength = width * 0.4;
      if (!["ordinal", "point"].includes(of?.type)) continue;
      legend.encode = { ...legend.encode, labels: { update: { ...legend.encode?.labels?.update, text: { signal: inLines(said(legend), most) } } } };
      Object.assign(legend, { columns: Math.max(1, Math.floor(room / (LETTER * longest + 34))), labelLimit: room - 20 });
    }
    return vega;
  };

  // A drawing is as wide as its plots plus its axes, and only drawing it tells how wide axes are: two widths are
  // tried and the line through them is solved, for one plot as for many side by side.
  const fit = async ({ view, vgSpec }, room) => {
    const widths = (vgSpec.signals ?? []).filter(({ name, value }) => /(^|_|child)width$/i.test(name) && value > 0);
    if (vgSpec.width > 0) widths.push({ name: "width", value: vgSpec.width });
    if (!widths.length) return;
    const measure = async (share) => {
      for (const { name, value } of widths) view.signal(name, value * share);
      await view.resize().runAsync();
      return view.container().querySelector("svg").getBoundingClientRect().width;
    };
    let [share, wide] = [0.5, await measure(0.5)], [other, widest] = [1, await measure(1)];
    for (let tries = 0; tries < 6 && (wide > room || wide < room - 3); tries += 1) {
      // Where a legend is what makes it wide, narrower plots do not: they are then as narrow as they may be.
      const slope = (widest - wide) / (other - share), next = slope > 1 ? share + (room - 1 - wide) / slope : 0;
      [other, widest] = [share, wide];
      wide = await measure((share = Math.min(2, Math.max(0.2, next))));
    }
  };

  const draw = async (figure) => {
    const live = figure.querySelector(".live"), inputs = figure.querySelector(".inputs");
    try {
      await (library ??= unpack());
      const room = live.clientWidth;
      const spec = specification(figure, room);
      figure.drawn?.finalize();
      inputs.replaceChildren();
      figure.drawn = await vegaEmbed(live, spec, {
        mode: "vega-lite", renderer: "svg", actions: false, ast: true, defaultStyle: false, bind: inputs,
        patch: (vega) => (room < NARROW ? narrow(vega, room) : vega),
        tooltip: { disableDefaultStyle: true }, ...page.locale,
      });
      await fit(figure.drawn, room);
      // What is wider all the same, such as a heat map with steps of its own, scrolls: by keyboard too.
      live.removeAttribute("tabindex");
      if (live.scrollWidth > live.clientWidth) live.tabIndex = 0;
      for (const part of live.querySelectorAll("[role]")) part.removeAttribute("role");
      figure.classList.add("drawn");
    } catch (error) {
      figure.classList.remove("drawn");
      console.warn(`Chart ${figure.id} stays a still: ${error.message}`);
    }
  };

  const watch = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue;
      watch.unobserve(target);
      queue = queue.then(() => draw(target));
    }
  }, { rootMargin: "300px" });
  figures.forEach((figure) => watch.observe(figure));

  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    for (const figure of figures) {
      if (figure.drawn) queue = queue.then(() => fit(figure.drawn, figure.querySelector(".live").clientWidth));
    }
  });

  document.addEventListener("schemechange", () => {
    for (const figure of figures) if (figure.drawn) queue = queue.then(() => draw(figure));
  });
}
