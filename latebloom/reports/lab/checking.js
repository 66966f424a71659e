// Checking what another file says before anything is computed with it.
//
// A *check* takes a value and the place where it stands, and throws a sentence that names the place.
// Checks are put together from smaller ones, so that what a laboratory has to be reads as a table
// (carried.js).

// What is wrong with a file, as a sentence for the reader.
class BadFile extends Error {}

const isNot = (place, wanted) => { throw new BadFile(`${place} is not ${wanted}`); };

const wholeFrom = (low, high) => (value, place) => {
  if (!Number.isInteger(value) || value < low || value > high) isNot(place, `a whole number from ${low} to ${high}`);
};
const yesOrNo = (value, place) => { if (typeof value !== "boolean") isNot(place, "true or false"); };
const textUpTo = (most) => (value, place) => { if (typeof value !== "string" || value.length > most) isNot(place, `a text of at most ${most} characters`); };
const oneOf = (...names) => (value, place) => { if (!names.includes(value)) isNot(place, `one of ${names.join(", ")}`); };
const finite = (value, place) => { if (typeof value !== "number" || !Number.isFinite(value)) isNot(place, "a number"); };
// What reports did not always hold.
const orNothing = (check) => (value, place) => { if (value !== undefined) check(value, place); };
const nullOr = (check) => (value, place) => { if (value !== null) check(value, place); };

// A list of so many entries, each of which passes the check.
const listOf = (check, low = 0, high = 1_000_000) => (value, place) => {
  if (!Array.isArray(value) || value.length < low || value.length > high) isNot(place, `a list of ${low} to ${high} entries`);
  value.forEach((entry, i) => check(entry, `${place}[${i}]`));
};

// An object in which every named field passes its check. Other fields are not looked at by anybody.
const withFields = (checks) => (value, place) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) isNot(place, "an object");
  for (const [name, check] of Object.entries(checks)) check(Object.hasOwn(value, name) ? value[name] : undefined, `${place}.${name}`);
};

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const base64Of = (bytes) => (value, place) => {
  const long = typeof value === "string" && value.length === 4 * Math.ceil(bytes / 3);
  if (!long || !BASE64.test(value)) isNot(place, `${bytes} bytes in base64`);
};

// Whole numbers packed by Python (packing.py): as many as are a multiple of `group`, each below `stop`.
const packedBelow = (stop, group = 1) => (value, place) => {
  withFields({ width: oneOf(2, 4), base64: textUpTo(40_000_000) })(value, place);
  if (value.base64.length % 4 || !BASE64.test(value.base64)) isNot(place, "whole numbers in base64");
  const bytes = bytesOf(value.base64);
  if (bytes.length % (value.width * group)) isNot(place, `a multiple of ${group} whole numbers`);
  if (fromWhole(bytes, value.width).some((one) => one >= stop)) isNot(place, `numbers below ${stop}`);
};
