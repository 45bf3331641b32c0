"use strict";

const status = document.getElementById("status");

function copyBySelection(text) {
  const area = document.createElement("textarea");
  area.className = "unseen";
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

// The clipboard's own interface is there on some pages only, and may be refused; a page opened from a disk has the other.
async function copy(button) {
  const text = button.dataset.copy;
  let done;
  try {
    await navigator.clipboard.writeText(text);
    done = true;
  } catch {
    done = copyBySelection(text);
    button.focus();
  }
  button.textContent = done ? "Copied" : "Not copied";
  status.textContent = done ? `Copied ${text}` : "The browser refused to copy; select the formula instead.";
  setTimeout(() => (button.textContent = "Copy"), 2000);
}

function fill(element, text) {
  element.textContent = text ?? "";
  element.hidden = text === undefined;
}

// Shows in the bar above a sheet what stands in a cell, and what belongs there.
function show(bar, cell) {
  const { cell: address, formula, value, expected, fault } = cell.dataset;
  const shown = cell.firstChild?.nodeType === Node.TEXT_NODE ? cell.firstChild.data.trim() : "";
  bar.querySelector(".cell").textContent = address;
  bar.querySelector(".formula").textContent = formula ?? (shown === "" ? "empty" : "typed in");
  fill(bar.querySelector(".value"), shown === "" ? undefined : `value ${value ?? shown}`);
  bar.querySelector(".expectation").hidden = expected === undefined;
  bar.querySelector(".expected").textContent = expected ?? "";
  const button = bar.querySelector("button");
  button.dataset.copy = expected ?? "";
  button.setAttribute("aria-label", `Copy the formula expected in ${address}`);
  const why = bar.querySelector(".why");
  fill(why, cell.classList.contains("off") ? "right in itself, but off because of a wrong cell elsewhere" : undefined);
  if (fault !== undefined) {
    const item = document.getElementById(fault);
    const link = document.createElement("a");
    link.href = `#${fault}`;
    link.textContent = `fault ${[...item.parentElement.children].indexOf(item) + 1}`;
    why.replaceChildren("wrong: ", item.querySelector(".cause").textContent, " (", link, ")");
    why.hidden = false;
  }
}

function cellsOf(row) {
  return [...row.querySelectorAll("td[data-cell]")];
}

const KEYS = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End"];

// The cell that one of KEYS leads to from another one; at the edge there is none.
function neighbour(cell, key) {
  const rows = [...cell.closest("tbody").rows].filter((row) => !row.classList.contains("fold"));
  const row = rows.indexOf(cell.parentElement);
  const cells = cellsOf(cell.parentElement);
  const column = cells.indexOf(cell);
  const down = { ArrowUp: -1, ArrowDown: 1 }[key];
  if (down !== undefined) return rows[row + down] && cellsOf(rows[row + down])[column];
  return cells[{ ArrowLeft: column - 1, ArrowRight: column + 1, Home: 0, End: cells.length - 1 }[key]];
}

for (const grid of document.querySelectorAll("[role=grid]")) {
  const bar = document.getElementById(grid.dataset.bar);
  let selected = grid.querySelector("td[tabindex='0']");
  bar.hidden = false;
  show(bar, selected);
  // Wherever the sheet is wider than the screen, it begins where something is wrong.
  const region = grid.parentElement;
  new ResizeObserver(() => (region.scrollLeft = selected.offsetLeft - region.clientWidth / 2)).observe(region);
  grid.addEventListener("focusin", (event) => {
    selected.tabIndex = -1;
    selected.removeAttribute("aria-describedby");
    selected = event.target;
    selected.tabIndex = 0;
    show(bar, selected);
    selected.setAttribute("aria-describedby", bar.id);
  });
  grid.addEventListener("keydown", (event) => {
    if (!KEYS.includes(event.key)) return;
    event.preventDefault();
    neighbour(selected, event.key)?.focus();
  });
  grid.addEventListener("mouseover", (event) => show(bar, event.target.closest("td[data-cell]") ?? selected));
  grid.addEventListener("mouseleave", () => show(bar, selected));
}

// Unfolds what a link leads to, and goes there.
function reveal(hash) {
  const target = hash.length > 1 && document.getElementById(hash.slice(1));
  if (!target) return;
  for (let outer = target.closest("details"); outer; outer = outer.parentElement.closest("details")) outer.open = true;
  const place = target.matches("details") ? target.querySelector("summary") : target;
  place.focus({ preventScroll: true });
  place.scrollIntoView({ block: target.matches("td") ? "center" : "start", inline: "center" });
}

function sort(header) {
  const rising = header.getAttribute("aria-sort") !== "ascending";
  const key = (row) => row.cells[header.cellIndex].dataset.sort ?? row.cells[header.cellIndex].textContent;
  const body = header.closest("table").tBodies[0];
  const order = (one, other) => one - other || one.localeCompare(other, "en", { numeric: true });
  const rows = [...body.rows].sort((one, other) => order(key(one), key(other)));
  body.append(...(rising ? rows : rows.reverse()));
  for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", rising ? "ascending" : "descending");
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  const button = event.target.closest("button");
  if (link) setTimeout(() => reveal(link.hash));
  else if (button?.matches(".copy")) copy(button);
  else if (button) sort(button.closest("th"));
});
addEventListener("hashchange", () => reveal(location.hash));
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => (each.open = true)));
reveal(location.hash);
