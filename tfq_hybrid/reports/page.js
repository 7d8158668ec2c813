"use strict";
// What belongs to one key is lit together: marks in pictures, rows in tables.
// A click holds it; a click elsewhere lets go.
(() => {
  const byKey = new Map();
  for (const one of document.querySelectorAll("[data-key]")) {
    const key = one.dataset.key;
    byKey.set(key, [...(byKey.get(key) || []), one]);
  }
  let lit = null;
  let held = null;
  const light = (key) => {
    if (key === lit) return;
    for (const one of byKey.get(lit) || []) {
      one.classList.remove("on");
      one.ownerSVGElement?.classList.remove("some");
    }
    lit = key;
    for (const one of byKey.get(key) || []) {
      one.classList.add("on");
      one.ownerSVGElement?.classList.add("some");
    }
  };
  const keyAt = (event) =>
    event.target.closest?.("[data-key]")?.dataset.key ?? null;
  for (const kind of ["pointerover", "focusin"]) {
    document.addEventListener(kind, (event) => light(keyAt(event) ?? held));
  }
  document.addEventListener("click", (event) => {
    held = keyAt(event);
    light(held);
  });

  const value = (row, column) => {
    const cell = row.cells[column];
    const number = cell.dataset.value;
    return number === undefined ? cell.textContent : Number(number);
  };
  const compare = (a, b) => {
    if (a === "" || b === "") return a === b ? 0 : a === "" ? 1 : -1;
    return typeof a === "number" && typeof b === "number"
      ? a - b
      : String(a).localeCompare(String(b), "en", { numeric: true });
  };
  for (const button of document.querySelectorAll("th button")) {
    button.addEventListener("click", () => {
      const head = button.closest("th");
      const body = button.closest("table").tBodies[0];
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of head.parentNode.cells) {
        other.removeAttribute("aria-sort");
      }
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const column = head.cellIndex;
      const rows = [...body.rows].sort((a, b) =>
        compare(value(a, column), value(b, column)));
      body.append(...(down ? rows.reverse() : rows));
    });
  }
})();
