"use strict";

const model = JSON.parse(document.getElementById("model").textContent);
const element = (id) => document.getElementById(id);
const sliders = { run: element("run"), step: element("step"), sample: element("sample") };
const SVG = "http://www.w3.org/2000/svg";

// Numbers row by row.
function unpacked(text) {
  return new Float64Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
}

for (const run of model.runs) {
  run.values = unpacked(run.values);
  run.story = unpacked(run.story);
  run.kind = model.kinds[run.kind];
  run.width = run.kind.columns.length;
}

const state = { run: model.runs[model.first], row: 0, column: undefined };

const number = (column, row = state.row) => state.run.values[row * state.run.width + column];

// Seven decimals, as in the workbook.
function asText(value) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "∞" : "−∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value).replace("-", "−");
  const size = Math.abs(value);
  const text = size >= 1e-4 && size < 1e6 ? value.toFixed(7) : value.toExponential(3);
  return text.replaceAll("-", "−");
}

const asFactor = (value) => (value < 0 ? `(${asText(value)})` : asText(value));

// A formula with the numbers of a row in the place of its names.
function plugged(tokens, row) {
  return tokens.map((token) => {
    if (typeof token === "string") return token;
    if (token.length === 1) return asFactor(state.run.constants[token[0]]);
    if (token.length === 2) return asFactor(number(token[0], row + token[1]));
    const [name, column, first, last] = token;
    const numbers = [];
    for (let at = first; at <= last; at += 1) numbers.push(asText(number(column, row + at)));
    const listed = numbers.length > 6 ? [...numbers.slice(0, 5), "…", numbers.at(-1)] : numbers;
    return name === "" ? listed.join(", ") : `${name}(${listed.join(", ")})`;
  }).join("");
}

function paragraph(text, tag = "p") {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

// What stands in the bar below: a number, where it comes from, the same with this row's numbers.
function explain() {
  const column = state.run.kind.columns[state.column];
  const lines = [];
  if (column === undefined) {
    lines.push(paragraph("Point at a number, or move to it with the Tab key."));
  } else {
    const name = document.createElement("p");
    const { batch } = state.run.kind;
    // What is the same in all rows of a batch is computed in its first.
    const repeated = column.formulas.length > 1 && column.formulas.at(-1).words === column.name;
    const row = repeated ? state.row - (state.row % batch) : state.row;
    const given = row < column.given;
    const idea = given ? "Given: nothing computes it." : column.idea;
    name.append(paragraph(`${column.name} = ${asText(number(state.column))}`, "strong"), ` ${idea}`);
    lines.push(name);
    const formula = column.formulas[row % column.formulas.length];
    if (!given) lines.push(paragraph(`= ${formula.words}`), paragraph(`= ${plugged(formula.tokens, row)}`));
  }
  element("detail").replaceChildren(...lines);
  for (const each of document.querySelectorAll("[data-column]")) {
    each.classList.toggle("chosen", Number(each.dataset.column) === state.column);
  }
}

function choose(column) {
  state.column = column;
  explain();
}

function svg(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// The losses of a run by step.
function losses(run) {
  const found = [];
  for (let row = 0; row < run.values.length / run.width; row += run.kind.batch) {
    found.push(run.values[row * run.width + run.kind.loss]);
  }
  return found;
}

function drawCurve() {
  const all = model.runs.map(losses);
  const positive = all.flat().filter((loss) => Number.isFinite(loss) && loss > 0);
  const [least, most] = [Math.min(...positive), Math.max(...positive)];
  const logarithmic = most > 100 * least;
  const scale = (loss) => (logarithmic ? Math.log(Math.max(loss, least) / least) / Math.log(most / least) : loss / most);
  const x = (step) => 60 + (400 * step) / Math.max(1, model.steps - 1);
  const y = (loss) => 200 - 185 * Math.min(1, scale(loss));
  const path = (values) => {
    const points = values.map((loss, step) => (Number.isFinite(loss) ? `${x(step).toFixed(1)} ${y(loss).toFixed(1)}` : ""));
    return `M${points.filter((point) => point !== "").join("L")}`;
  };
  const chosen = model.runs.indexOf(state.run);
  const step = Math.floor(state.row / state.run.kind.batch);
  const now = all[chosen][step];
  const marks = [
    svg("path", { class: "axis", d: "M60 10V200H465" }),
    svg("text", { class: "end", x: 54, y: 20 }, most.toPrecision(2)),
    svg("text", { class: "end", x: 54, y: 204 }, logarithmic ? least.toPrecision(2) : "0"),
    svg("text", { x: 262, y: 232 }, "step"),
    svg("text", { x: 60, y: 218 }, "1"),
    svg("text", { x: 460, y: 218 }, String(model.steps)),
    ...all.map((values, run) => (run === chosen ? svg("g", {}) : svg("path", { d: path(values) }))),
    svg("path", { class: "chosen", d: path(all[chosen]) }),
  ];
  if (Number.isFinite(now)) {
    marks.push(svg("line", { x1: x(step), x2: x(step), y1: y(now), y2: 200 }));
    marks.push(svg("circle", { cx: x(step), cy: y(now), r: 6 }));
  }
  element("curve").replaceChildren(...marks);
  element("curve").setAttribute("aria-label", `The loss over the steps; ${asText(now)} at step ${step + 1}`);
  const others = all.length > 1 ? "; grey the other runs" : "";
  element("curve-caption").textContent = `The loss of this run${others}${logarithmic ? "; logarithmic axis" : ""}`;
}

function drawNetwork() {
  const drawing = state.run.kind.drawing;
  element("network-figure").hidden = !drawing;
  if (!drawing) return;
  const largest = Math.max(...drawing.edges.map((edge) => Math.abs(number(edge.column))).filter(Number.isFinite), 1e-9);
  const marks = [];
  for (const edge of drawing.edges) {
    const { column, ...ends } = edge;
    const weight = number(column);
    const thick = Number.isFinite(weight) ? 1 + (7 * Math.abs(weight)) / largest : 1;
    const where = { ...ends, "data-column": column };
    marks.push(svg("line", { ...where, class: weight < 0 ? "negative" : "positive", "stroke-width": thick }));
    marks.push(svg("line", { ...where, class: "hit" }));
  }
  for (const { column, cx, cy } of drawing.neurons) {
    const group = svg("g", { "data-column": column });
    group.append(svg("circle", { cx, cy, r: drawing.radius, class: "neuron" }));
    group.append(svg("text", { x: cx, y: cy - 2 }, state.run.kind.columns[column].name));
    group.append(svg("text", { x: cx, y: cy + 13 }, String(Number(number(column).toPrecision(3))).replaceAll("-", "−")));
    marks.push(group);
  }
  element("network").replaceChildren(...marks);
  element("network").setAttribute("aria-label", `The network, ${drawing.sizes.join("-")}; its numbers follow as a list`);
}

// A button for each number of the table, under the headings; only where the run has other columns than the one before.
let listed;
function listNumbers() {
  if (listed === state.run.kind) return;
  listed = state.run.kind;
  const parts = listed.groups.flatMap(({ title, columns }) => {
    const group = document.createElement("div");
    group.className = "group";
    for (const column of columns) {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.column = column;
      button.append(paragraph(listed.columns[column].name, "span"), paragraph("", "span"));
      group.append(button);
    }
    return [paragraph(title, "h2"), group];
  });
  element("numbers").replaceChildren(...parts);
}

// A number of the story by its name: one of its own, a column's or a constant.
function told(name) {
  const { story, columns } = state.run.kind;
  const own = story.names.indexOf(name);
  if (own >= 0) return state.run.story[state.row * story.names.length + own];
  const column = columns.findIndex((each) => each.name === name);
  return column >= 0 ? number(column) : state.run.constants[name];
}

// As the sheet says it: four decimals, small numbers with more.
function inWords(value) {
  const size = Math.abs(value);
  if (value === 0 || !Number.isFinite(value)) return asText(value);
  if (size >= 1e-3 && size < 1e6) return String(Number(value.toFixed(4))).replace("-", "−");
  const text = size >= 1e-5 && size < 1 ? value.toFixed(7) : size >= 1e-8 && size < 1 ? value.toFixed(10) : value.toExponential(2);
  return text.replaceAll("-", "−");
}

// A template of the story: [a] is a number, [~a] one in brackets if it is negative, [?a|x|y|z] a text by its sign.
function sentence(template) {
  return template.replace(/\[([^\]]+)\]/g, (_, field) => {
    if (field.startsWith("?")) {
      const [name, above, below, zero] = field.slice(1).split("|");
      const value = told(name);
      return value > 0 ? above : value < 0 ? below : zero;
    }
    const value = told(field.replace(/^~/, ""));
    return field.startsWith("~") && value < 0 ? `(${inWords(value)})` : inWords(value);
  });
}

function tellStory() {
  const { story } = state.run.kind;
  element("story").hidden = !story;
  if (!story) return;
  const title = paragraph(`The story of one weight: ${story.weight}`, "h2");
  title.id = "story-title";
  const panels = document.createElement("div");
  panels.className = "panels";
  for (const { heading, result, lines } of story.panels) {
    const panel = document.createElement("div");
    panel.className = "panel";
    const head = paragraph(heading, "h3");
    head.append(paragraph(asText(told(result)), "span"));
    panel.append(head, ...lines.map((line) => paragraph(sentence(line))));
    panels.append(panel);
  }
  element("story").replaceChildren(title, panels);
}

function show() {
  const run = model.runs[sliders.run.value];
  const { batch, samples } = run.kind;
  state.run = run;
  state.row = (sliders.step.value - 1) * batch + (batch > 1 ? sliders.sample.value - 1 : 0);
  if (run.kind.columns[state.column] === undefined) state.column = undefined;
  element("sample-label").hidden = batch === 1;
  sliders.sample.max = batch;
  listNumbers();
  for (const button of element("numbers").querySelectorAll("button")) {
    button.lastChild.textContent = asText(number(Number(button.dataset.column)));
  }
  const texts = {
    run: run.label, step: `${sliders.step.value} of ${model.steps}`, sample: `${sliders.sample.value} of ${batch}`,
  };
  for (const [name, text] of Object.entries(texts)) {
    element(`${name}-text`).value = text;
    sliders[name].setAttribute("aria-valuetext", text);
  }
  const total = run.kind.columns.findIndex((column) => column.name === "E_tot");
  const which = samples > 1 ? `, of the batch ${asText(number(run.kind.loss))}` : "";
  element("now").textContent = `Loss of this row ${asText(number(total))}${which}.`;
  drawCurve();
  drawNetwork();
  tellStory();
  explain();
}

sliders.run.max = model.runs.length - 1;
sliders.run.value = model.first;
for (const slider of Object.values(sliders)) slider.addEventListener("input", show);
document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
for (const kind of ["mouseover", "focusin", "click"]) {
  document.addEventListener(kind, (event) => {
    const column = event.target.closest("[data-column]")?.dataset.column;
    if (column !== undefined && Number(column) !== state.column) choose(Number(column));
  });
}
show();
