// What all parts of the page need to give something to take along: a file, and rows as CSV.

function save(name, type, content) {
  const address = URL.createObjectURL(new Blob([content], { type })), link = document.createElement("a");
  Object.assign(link, { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

// A text that a spreadsheet would take for a formula gets an apostrophe. A sign before it makes a formula
// of everything but a number: -2+3 is one, and so is -2+cmd|'...'!A0, which starts a program.
function quoted(text) {
  const number = /^[+-](\d+(\.\d*)?|\d{1,3}(,\d{3})+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i, formula = /^[=+\-@\t\r\n]/.test(text) && !number.test(text);
  return `"${(formula ? "'" : "") + text.replaceAll('"', '""')}"`;
}

// Rows of cells, which are texts, numbers, or null where there is nothing.
function csvOf(rows) {
  const cell = (value) => value === null ? "" : typeof value === "number" ? String(value) : quoted(value);
  return rows.map((row) => row.map(cell).join(",") + "\r\n").join("");
}
