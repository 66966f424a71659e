// Names are data: shown as text, isolated, with nothing in them that cannot be seen.

// Control characters, marks of direction, blanks of no width, lone halves of a pair.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u00a0\u115f\u1160\u2000-\u200a\u202f\u205f\u2800\u3000\u3164\uffa0]|^[ ]+|[ ]+$|^$/gu;

// A name as a reader sees it, what is unseen written as its code, cut after so many characters.
function visible(name, most = 28) {
  const codes = (text) => text === "" ? "(empty)" : [...text].map((c) => "\u2039" + c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0") + "\u203a").join("");
  const whole = [...name.slice(0, 2 * most + 2)], cut = whole.length > most || name.length > 2 * most + 2;
  return whole.slice(0, most).join("").replace(UNSEEN, codes) + (cut ? "\u2026" : "");
}

const percent = (share) => share >= 0.9995 ? "100 %" : share < 0.0005 ? "0 %" : (100 * share).toFixed(share < 0.0995 ? 1 : 0) + " %";

const IN_GROUPS = new Intl.NumberFormat("en"); // 1,700
const stepName = (step) => step === 0 ? "before training" : `step ${IN_GROUPS.format(step)}`;

// An element with text and children; what is text is never markup.
function make(tag, options = {}, ...children) {
  const { text, style, on, ...attributes } = options, made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined && value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  for (const [name, value] of Object.entries(style ?? {})) made.style.setProperty(name, value);
  for (const [name, action] of Object.entries(on ?? {})) made.addEventListener(name, action);
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

// An element of a picture.
function svgNode(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// A name as an element: isolated from the direction of what is around it.
const nameNode = (word, most, attributes = {}) => make("bdi", { ...attributes, text: visible(word, most) });
