// A field for one name, with a list of those that fit what is typed (the ARIA combobox pattern).

let pickersMade = 0;

// words: all names. pool: the tokens that may stand here. onPick: told the token that was chosen.
function makePicker({ label, words, pool, token, onPick }) {
  const id = `pick-${pickersMade++}`, most = 8;
  const input = make("input", { id, type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", "aria-expanded": "false", "aria-controls": `${id}-list`, "aria-autocomplete": "list" });
  const list = make("ul", { id: `${id}-list`, role: "listbox", hidden: true, "aria-label": label });
  let found = [], active = -1, chosen = token;

  const show = () => { input.value = visible(words[chosen], 200); };
  const close = () => { list.hidden = true; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); active = -1; };
  const matches = (typed) => {
    const wanted = typed.trim().toLowerCase(), begin = [], inside = [];
    for (const one of pool) {
      const at = words[one].toLowerCase().indexOf(wanted), shown = at < 0 ? visible(words[one], 200).toLowerCase().indexOf(wanted) : at;
      if (shown === 0) begin.push(one); else if (shown > 0) inside.push(one);
      if (begin.length === most) break;
    }
    const exact = pool.filter((one) => words[one].toLowerCase() === wanted);
    return [...new Set([...exact, ...begin, ...inside])].slice(0, most);
  };
  const open = (typed) => {
    found = matches(typed);
    list.replaceChildren(...found.map((one, i) => make("li", { id: `${id}-${i}`, role: "option", "aria-selected": "false", on: { pointerdown: (event) => { event.preventDefault(); pick(one); } } }, nameNode(words[one], 60))));
    if (!found.length) list.replaceChildren(make("li", { class: "none", role: "option", "aria-disabled": "true", text: "no such name" }));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    active = -1;
  };
  const mark = (i) => {
    if (!found.length) return;
    active = (i + found.length) % found.length;
    [...list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === active)));
    input.setAttribute("aria-activedescendant", `${id}-${active}`);
    list.children[active].scrollIntoView({ block: "nearest" });
  };
  const pick = (one) => { chosen = one; show(); close(); onPick(one); };

  input.addEventListener("focus", () => input.select());
  input.addEventListener("input", () => { open(input.value); if (found.length) mark(0); });
  input.addEventListener("click", () => { if (list.hidden) open(""); });
  input.addEventListener("blur", () => { close(); show(); });
  input.addEventListener("keydown", (event) => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move) {
      event.preventDefault();
      if (list.hidden) open(""); 
      mark(active < 0 && move < 0 ? -1 : active + move);
    } else if (event.key === "Enter" && !list.hidden) {
      event.preventDefault();
      if (found.length) pick(found[Math.max(active, 0)]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      close();
      show();
    }
  });
  show();
  return {
    node: make("div", { class: "picker" }, make("label", { for: id, text: label }), input, list),
    set(one) { chosen = one; if (document.activeElement !== input || list.hidden) show(); },
  };
}
