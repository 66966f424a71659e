// The link: the whole view in the address, as numbers alone, so that no name can be in its way.
//
// #lab=STEP;QUESTION;QUESTION;TARGET;FROM-TO,FROM-TO with tokens, and places, joined by dots; FROM may
// also be noise, a mean or an embedding (replacing.js). A last ;vsSTEP is the checkpoint that is compared.

const writePlace = ({ loop, boundary, position }) => [loop, boundary, position].join(".");

// Whether the page has an address of its own: inside a notebook it has none.
const hasAddress = () => location.protocol !== "about:";

function showAddress(link) {
  if (!hasAddress() || location.hash === link) return;
  history.replaceState(null, "", link);
}

function writeLink({ step, a, b, target, puts, beside }) {
  return `#lab=${step};${a.join(".")};${b.join(".")};${target};${puts.map(({ from, to }) => `${writeSource(from)}-${writePlace(to)}`).join(",")}${beside === null ? "" : `;vs${beside}`}`;
}

// What a link says; null for one that is none, or that says what this page does not hold.
function readLink(lab, hash) {
  const found = /^#lab=(\d{1,12});([\d.]{1,400});([\d.]{1,400});([ab]);([\d.,nmw-]{0,2000})(?:;vs(\d{1,12}))?$/.exec(hash);
  if (!found) return null;
  const [, step, ...rest] = found, [a, b] = rest.slice(0, 2).map((tokens) => tokens.split(".").map(Number));
  const number = lab.data.checkpoints.findIndex((one) => one.step === Number(step));
  const known = [a, b].every((tokens) => lab.world.shapeOf(tokens) && tokens.every((token) => Number.isInteger(token) && token < lab.world.words.length));
  if (number < 0 || !known) return null;
  const puts = rest[3] ? rest[3].split(",").map((put) => {
    const place = (text = "") => { const [loop, boundary, position] = text.split(".").map(Number); return { loop, boundary, position }; };
    const [from, to] = put.split("-");
    return { from: readSource(from, lab.world.words) ?? place(from), to: place(to) };
  }) : [];
  const target = rest[2], layers = lab.data.config.n_layers;
  const fits = (place, tokens) => place && Object.values(place).every(Number.isInteger) && placeExists(place, { loops: lab.world.shapeOf(tokens).loops, n: tokens.length }, layers);
  const into = target === "a" ? a : b, of = target === "a" ? b : a;
  return puts.every(({ from, to }) => (!isPlace(from) || fits(from, of)) && fits(to, into)) ? { number, a, b, target, puts, beside: rest[4] === undefined ? null : Number(rest[4]) } : null;
}
