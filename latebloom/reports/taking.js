// Every table and every figure of the page to take along: a table as CSV, as it is read; a figure as SVG,
// and the numbers behind it as CSV.
(() => {
  const textOf = (cell) => cell.textContent.replace(/\s+/g, " ").trim();
  const rowsOf = (table) => [...table.rows].map((row) => [...row.cells].flatMap((cell) => [textOf(cell), ...Array(cell.colSpan - 1).fill("")]));
  // A file's name of a heading: what it says, in small letters and hyphens.
  const named = (node) => (node?.textContent ?? "").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 60);
  const headingOf = (node) => [...document.querySelectorAll("h2, h3, summary")].filter((one) => one.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING).pop();
  const used = new Map();
  const fileOf = (name, ending) => {
    const n = (used.get(name + ending) ?? 0) + 1;
    used.set(name + ending, n);
    return `${name}${n > 1 ? `-${n}` : ""}.${ending}`;
  };
  // put: how the button comes to its place.
  function offer(put, kind, name, content) {
    const button = document.createElement("button"), file = fileOf(name, kind.toLowerCase());
    Object.assign(button, { type: "button", className: "taking", textContent: kind });
    button.setAttribute("aria-label", `Download ${file}`);
    button.addEventListener("click", () => save(file, MEDIA[kind], content()));
    put(button);
  }
  // The laboratory has downloads of its own, and the pictures of a tip or a grid are no tables.
  for (const table of document.querySelectorAll("main table")) {
    if (table.closest("#lab, #chart")) continue;
    const put = (button) => table.caption ? (table.caption.querySelector("span") ?? table.caption).append(" ", button) : (table.closest(".wide") ?? table).after(button);
    offer(put, "CSV", named(table.caption ?? headingOf(table)) || "table", () => csvOf(rowsOf(table)));
  }
  for (const image of document.querySelectorAll("img.figure")) {
    const bytes = () => Uint8Array.from(atob(image.src.slice(image.src.indexOf(",") + 1)), (one) => one.charCodeAt(0));
    const name = named({ textContent: image.alt }) || "figure", put = (button) => (image.closest(".wide") ?? image).after(button);
    const behind = image.closest("figure").querySelector("script.behind");
    if (behind) offer(put, "CSV", name, () => csvOf(JSON.parse(behind.textContent))); // the later stands first
    offer(put, "SVG", name, bytes);
  }
})();
