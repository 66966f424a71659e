// What all parts of the page need to give something to take along: a file, and rows as CSV.

function save(name, type, content) {
  const address = URL.createObjectURL(new Blob([content], { type })), link = document.createElement("a");
  Object.assign(link, { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

const MEDIA = { SVG: "image/svg+xml", CSV: "text/csv", JSON: "application/json" };

// Buttons that give something to take along. what: it, in words. file: the files' name without its ending.
// contents: for each kind of file what gives its text.
function makeOffers(what, file, contents) {
  const box = document.createElement("div"), told = box.appendChild(document.createElement("span"));
  box.className = "offers";
  told.textContent = `Download ${what}:`;
  for (const [name, value] of [["role", "group"], ["aria-label", `Download ${what}`]]) box.setAttribute(name, value);
  for (const [kind, content] of Object.entries(contents)) {
    const button = box.appendChild(document.createElement("button"));
    Object.assign(button, { type: "button", textContent: kind });
    button.addEventListener("click", () => save(`${file}.${kind.toLowerCase()}`, MEDIA[kind], content()));
  }
  return box;
}

// What the page's style says of the parts of a drawing, and a file of its own has to say itself.
const WRITTEN_IN = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "opacity", "font-size", "font-weight", "font-family"];

// Drawings of the page as one SVG that stands alone, as they are drawn now, beside each other.
function standalone(drawings) {
  const made = document.implementation.createDocument("http://www.w3.org/2000/svg", "svg"), root = made.documentElement, gap = 24;
  let width = 0, height = 0;
  for (const drawn of drawings) {
    const alone = drawn.cloneNode(true), parts = drawn.querySelectorAll("*"), { width: wide, height: high } = drawn.getBoundingClientRect();
    alone.querySelectorAll("*").forEach((part, i) => {
      const style = getComputedStyle(parts[i]);
      for (const name of WRITTEN_IN) part.setAttribute(name, style.getPropertyValue(name));
      part.removeAttribute("class");
      part.removeAttribute("style");
    });
    const left = width && width + gap;
    for (const [name, value] of Object.entries({ x: left, y: 0, width: wide, height: high })) alone.setAttribute(name, value);
    root.appendChild(alone);
    [width, height] = [left + wide, Math.max(height, high)];
  }
  const ground = document.createElementNS(root.namespaceURI, "rect");
  for (const [name, value] of Object.entries({ width, height, fill: getComputedStyle(document.body).backgroundColor })) ground.setAttribute(name, value);
  root.prepend(ground);
  for (const [name, value] of Object.entries({ viewBox: `0 0 ${width} ${height}`, width, height })) root.setAttribute(name, value);
  return new XMLSerializer().serializeToString(made);
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
