// The live view of a run: draws what Python sends, and lets the clocks of running tasks go on between two messages.

const BEAT = 500;
const MOST_SILENT = 40; // Python sends something every few seconds; a page that sleeps counts nothing
const REPLACED_AFTER = 2000;

const make = (parent, tag, name, text) => {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
};

const duration = (seconds) => {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (number) => String(number).padStart(2, "0");
  return whole < 3600
    ? `${Math.floor(whole / 60)} min ${two(whole % 60)} s`
    : `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
};

const theme = (root) => {
  const { jpThemeLight } = document.body.dataset;
  const kinds = document.body.classList;
  const bright = kinds.contains("vscode-light") || kinds.contains("vscode-high-contrast-light"); // which has the dark one's class, too
  const dark = jpThemeLight === "false" || (!bright && (kinds.contains("vscode-dark") || kinds.contains("vscode-high-contrast")));
  const light = jpThemeLight === "true" || bright;
  for (const node of [root, ...root.querySelectorAll("svg.nbf")]) {
    node.classList.toggle("nbf-dark", dark);
    node.classList.toggle("nbf-light", light && !dark);
  }
};

const mark = (parent, look) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", `nbf-mark ${look[0]}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("class", "m");
  path.setAttribute("d", look[1]);
  svg.append(path);
  parent.append(svg);
};

const fit = (node, said, room) => {
  node.textContent = said;
  node.style.fontSize = "";
  if (node.getComputedTextLength() > room) node.style.fontSize = "10px";
  for (let most = said.length - 1; most > 1 && node.getComputedTextLength() > room; most -= 1) node.textContent = `${said.slice(0, most)}…`;
};

const render = ({ model, el }) => {
  el.classList.add("nbf", "nbf-live");
  const head = make(el, "div", "nbf-head");
  const errors = make(el, "div", "nbf-errors");
  const graph = make(el, "div", "nbf-graph");
  graph.tabIndex = 0;
  const rows = make(el, "div", "nbf-rows");
  const notes = make(el, "div", "nbf-notes");
  head.setAttribute("role", "status");
  let clocks = [];
  let told = [];
  let silent = 0;
  let lost = ""; // what became of the kernel, in words
  let stays = false;

  const clock = (parent, seconds) => {
    const node = make(parent, "span", "nbf-clock", duration(seconds));
    clocks.push([node, performance.now() - seconds * 1000]);
  };

  const drawGraph = () => {
    graph.innerHTML = model.get("svg"); // built by nbflow, names escaped
    told = [];
    theme(el);
    drawBoxes();
  };

  const drawBoxes = () => {
    const marks = model.get("marks");
    (model.get("view").boxes ?? []).forEach(([state, said], at) => {
      if (told[at] === state + said) return;
      told[at] = state + said;
      const box = graph.querySelector(`[data-task="${at}"]`);
      const look = marks[state] ?? marks[""];
      if (!box) return;
      box.setAttribute("class", `t ${look[0]}`);
      box.querySelector(".m").setAttribute("d", look[1]);
      fit(box.querySelector(".w"), said, box.querySelector("rect").getAttribute("width") - 36);
      const title = box.querySelector("title");
      title.textContent = `${title.textContent.split(":")[0]}: ${said}`;
    });
  };

  const drawError = (error) => {
    const part = make(errors, "div", "nbf-error");
    make(part, "b", "", error.where);
    make(part, "div", "nbf-said", error.said);
    if (error.source.length) make(part, "pre", "", error.source.join("\n"));
  };

  const drawView = () => {
    const view = model.get("view");
    const marks = model.get("marks");
    if (!view.title) return;
    clocks = [];
    el.classList.toggle("nbf-lost", lost !== "");
    head.replaceChildren();
    mark(head, (lost ? undefined : marks[view.state]) ?? marks[""]);
    make(head, "b", "", lost ? view.title.replace(/ RUNNING$/, "") : view.title);
    if (lost) make(head, "b", "nbf-gone", `${lost}: ${view.after}`);
    if (!lost) make(head, "span", "", view.said);
    if (view.seconds !== null && !lost) clock(head, view.seconds);
    make(head, "span", "nbf-engine", view.engine);
    errors.replaceChildren();
    view.errors.forEach(drawError);
    rows.replaceChildren();
    for (const [key, state, said, seconds] of view.rows) {
      const row = make(rows, "div", "nbf-row");
      mark(row, marks[state] ?? marks[""]);
      make(row, "b", "", key);
      make(row, "span", "", said);
      if (seconds !== null && !lost && !view.over) clock(row, seconds);
    }
    notes.replaceChildren();
    view.notes.forEach((note) => make(notes, "div", "", note));
    if (stays) make(notes, "div", "nbf-stays", "this page was loaded while the run went on and keeps no picture of its end: showing the run in a cell leaves one");
    drawBoxes();
  };

  const kernel = (words) => {
    if (model.get("view").over || !lost === !words) return;
    lost = words;
    drawView();
  };
  const heard = () => {
    silent = 0;
    lost = "";
    drawView();
    if (model.get("view").over) setTimeout(() => { stays = true; drawView(); }, REPLACED_AFTER);
  };
  const answers = () => {
    silent = 0;
    kernel("");
  };
  const disconnected = () => kernel("the kernel is gone");

  const hidden = document.createElement("style"); // hides the picture that is saved, whenever it is drawn anew
  hidden.textContent = `.${model.get("hides")} { display: none; }`;
  document.head.append(hidden);
  drawGraph();
  heard();
  model.on("change:svg", drawGraph);
  model.on("change:view", heard);
  model.on("change:beat", answers);
  model.on("comm_live_update", disconnected);
  const watch = new MutationObserver(() => theme(el));
  watch.observe(document.body, { attributes: true, attributeFilter: ["class", "data-jp-theme-light"] });
  const beat = setInterval(() => {
    const now = performance.now();
    for (const [node, start] of clocks) node.textContent = duration((now - start) / 1000);
    silent += 1;
    if (silent > MOST_SILENT) kernel("the kernel is gone or does not answer");
  }, BEAT);
  return () => {
    clearInterval(beat);
    watch.disconnect();
    hidden.remove();
    model.off("change:svg", drawGraph);
    model.off("change:view", heard);
    model.off("change:beat", answers);
    model.off("comm_live_update", disconnected);
    if (model.get("view").over && document.querySelector(`.${model.get("hides")}.nbf-end`)) model.send("replaced");
  };
};

export default { render, fit, theme };
