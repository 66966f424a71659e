// Runs the page's laboratory without a page: reads { data, weights, calls } from standard input, where
// a call is [method of the interface, its arguments], and prints the results as JSON.
"use strict";
const fs = require("fs");
const [folder, ...files] = process.argv.slice(2);
const source = files.map((file) => fs.readFileSync(`${folder}/${file}`, "utf8")).join("\n");
const make = new Function(`${source}\nreturn { makeLaboratory, coneOf, visible, readCarried, writeCarried, setOf };`)();
(async () => {
  const { data, weights, calls } = JSON.parse(fs.readFileSync(0, "utf8"));
  const laboratory = make.makeLaboratory(data, (number) => weights[number]);
  // What comes of a file: its title, and the answer to a question; the name of an error besides.
  const carried = async (text, question) => {
    try {
      const { lab, title } = make.readCarried(text, "the file");
      return { title, answer: question ? await lab.api.ask(question) : null };
    } catch (error) { return { refused: error.message, by: error.constructor.name }; }
  };
  const setOf = (question) => {
    const { world } = laboratory, tokens = world.read(question);
    return make.setOf(laboratory, 0, laboratory.run(0, tokens), world.truthOf(tokens));
  };
  const results = [];
  for (const [method, ...told] of calls) {
    try {
      if (method === "truth") results.push(laboratory.world.truthOf(laboratory.world.read(told[0])));
      else if (method === "visible") results.push(make.visible(...told));
      else if (method === "cone") results.push(make.coneOf(data.config, ...told));
      else if (method === "carried") results.push(await carried(...told));
      else if (method === "written") results.push(make.writeCarried(data, weights));
      else if (method === "set") results.push(setOf(told[0]));
      else results.push(await laboratory.api[method](...told));
    } catch (error) { results.push({ error: error.message }); }
  }
  process.stdout.write(JSON.stringify(results));
})();
