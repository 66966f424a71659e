// Runs the page's laboratory without a page: reads { data, weights, calls } from standard input, where
// a call is [method of the interface, its arguments], and prints the results as JSON.
"use strict";
const fs = require("fs");
const [folder, ...files] = process.argv.slice(2);
const source = files.map((file) => fs.readFileSync(`${folder}/${file}`, "utf8")).join("\n");
const make = new Function(`${source}\nreturn { makeLaboratory, coneOf, visible };`)();
(async () => {
  const { data, weights, calls } = JSON.parse(fs.readFileSync(0, "utf8"));
  const laboratory = make.makeLaboratory(data, (number) => weights[number]);
  const results = [];
  for (const [method, ...told] of calls) {
    try {
      if (method === "truth") results.push(laboratory.world.truthOf(laboratory.world.read(told[0])));
      else if (method === "visible") results.push(make.visible(...told));
      else if (method === "cone") results.push(make.coneOf(data.config, ...told));
      else results.push(await laboratory.api[method](...told));
    } catch (error) { results.push({ error: error.message }); }
  }
  process.stdout.write(JSON.stringify(results));
})();
