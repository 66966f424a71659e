// How a laboratory is shown, by what its model reads: questions over facts, or sentences.

const VIEWS = {
  questions: {
    noun: "question", makeFields: makeNameFields, tellTruth: tellFacts, tellAnswers,
    caption: captionOf, rings: "how probable the right answer to the first question was",
    invites: "Drag a state of one question onto a state of the other; or pick it with Enter or a tap, then place it.",
    counts: (rows, whole) => `${whole.format(rows.filter((row) => row.ood).length)} rest on an OOD fact, ${whole.format(rows.filter((row) => row.shown === false).length)} were never trained.`,
  },
  sentences: {
    noun: "sentence", makeFields: makeSentenceField, tellTruth: tellLine, tellAnswers: tellWords,
    caption: () => `Each cell names the word that its state would put next if the model stopped there: a column is a word that was read, a row a layer, the darker the surer; ${SIGNS.answer} is the word that does come next, ${SIGNS.bridge} what another rule would choose.`,
    rings: "how probable the right word after the first sentence was",
    invites: "Drag a state of one sentence onto a state of the other; or pick it with Enter or a tap, then place it.",
    counts: (rows, whole) => `${whole.format(rows.filter((row) => row.shown === false).length)} were never trained. Right is the judged word, of those that compete.`,
  },
};
const viewOf = (lab) => VIEWS[lab.world.reads];
