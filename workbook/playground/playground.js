"use strict";

const at = (id) => document.getElementById(id);
const controls = ["experiment", "train", "download", "text"].map(at);
const parts = new Map([...document.querySelectorAll("[data-part]")].map((of) => [of.dataset.part, of]));
const FOLDER = "https://parts.invalid/"; // no address: what would be loaded from there is in the page

async function unpacked(name) {
  const packed = await ownFetch("data:application/octet-stream;base64," + parts.get(name).textContent);
  return new Response(packed.body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

const ownFetch = window.fetch.bind(window);
window.fetch = async (address, ...options) => {
  const name = String(address).startsWith(FOLDER) && String(address).slice(FOLDER.length);
  if (!parts.has(name)) return ownFetch(address, ...options);
  const type = name.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
  return new Response(await unpacked(name), { headers: { "Content-Type": type } });
};

/* Say what is done, let the browser draw it, do it, and let the user go on. */
async function work(words, doing) {
  at("status").textContent = words;
  at("error").hidden = true;
  at("working").className = "";
  controls.forEach((control) => { control.disabled = true; });
  await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 30)));
  const began = performance.now();
  let done = "";
  try {
    done = await doing();
  } catch (error) {
    refuse(error.message);
  }
  at("status").textContent = done && `${done} (${((performance.now() - began) / 1000).toFixed(1)} s)`;
  at("working").className = "done";
  controls.forEach((control) => { control.disabled = false; });
}

function refuse(words) {
  at("error").textContent = words;
  at("error").hidden = false;
}

function draw({ losses }) {
  const most = Math.max(...losses, Number.MIN_VALUE);
  const across = losses.length > 1 ? 560 / (losses.length - 1) : 0;
  at("line").setAttribute("points", losses.map((loss, step) => `${60 + across * step},${350 - 325 * loss / most}`).join(" "));
  at("top").textContent = most.toPrecision(3);
  at("last").textContent = losses.length;
  at("words").textContent = `The loss: ${losses[0].toPrecision(4)} in step 1, ${losses.at(-1).toPrecision(4)} in step ${losses.length}.`;
  at("curve").hidden = false;
}

function save(bytes, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], { type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

let python, ours, texts;

function train() {
  return work("Training …", () => {
    at("curve").hidden = true; // it is of another training, should this one fail
    const result = JSON.parse(ours.train(at("text").value));
    if (result.error) return refuse(result.error);
    draw(result);
    return `Trained ${result.losses.length} steps`;
  });
}

at("train").addEventListener("click", train);
at("experiment").addEventListener("change", () => {
  at("text").value = texts[at("experiment").value];
  train();
});
at("download").addEventListener("click", () => work("Writing the workbook …", () => {
  const result = JSON.parse(ours.build(at("text").value));
  if (result.error) return refuse(result.error);
  const name = `${at("experiment").value}.xlsx`;
  save(python.FS.readFile("workbook.xlsx"), name);
  return `Wrote ${name}: open it in Excel or LibreOffice`;
}));

work(at("status").textContent, async () => {
  python = await loadPyodide({ indexURL: FOLDER });
  await python.loadPackage("numpy");
  python.FS.writeFile("packages.zip", new Uint8Array(await unpacked("packages.zip")));
  python.runPython("import sys, zipfile; zipfile.ZipFile('packages.zip').extractall('packages'); sys.path.insert(0, 'packages')");
  ours = python.pyimport("workbook.playground.in_browser");
  texts = JSON.parse(ours.experiments());
  at("experiment").replaceChildren(...Object.keys(texts).map((name) => new Option(name)));
  at("experiment").value = "xor";
  at("text").value = texts.xor;
  return "Ready";
}).then(() => { if (ours) train(); });
