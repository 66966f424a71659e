// Files that a reader gives to the page: chosen by a button, or dropped anywhere on it.

// onFile: told a File. Returns the button, and the hidden field that it opens.
function makeFileChoice({ text, accept, onFile }) {
  const field = make("input", { type: "file", accept, hidden: true, "aria-label": text });
  field.addEventListener("change", () => { if (field.files.length) onFile(field.files[0]); field.value = ""; });
  return [make("button", { type: "button", text, on: { click: () => field.click() } }), field];
}

// A file that is dropped on the page would be opened in its place; here it is handed on instead.
// onOver: told whether a file is held over the page.
function takeDroppedFiles({ onFile, onOver }) {
  const holdsFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  document.addEventListener("dragover", (event) => { if (holdsFile(event)) { event.preventDefault(); onOver(true); } });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) onOver(false); });
  document.addEventListener("drop", (event) => {
    if (!holdsFile(event)) return;
    event.preventDefault();
    onOver(false);
    if (event.dataTransfer.files.length) onFile(event.dataTransfer.files[0]);
  });
}
