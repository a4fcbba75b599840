/** What is said in the sandbox's lectures, over and over; some of it is hard to escape or to search. */
export const LINES: readonly (readonly [speaker: 'host' | 'student', text: string])[] = [
  ['host', 'Good morning everybody, let us begin. Today is about the cell and how it gets its energy.'],
  ['host', 'Please ask at any time, or write into the chat.'],
  ['host', 'A mitochondrion has two membranes, and the inner one is folded many times.'],
  ['student', 'Is that why its surface is so large?'],
  ['host', 'Yes: more surface, more room for the enzymes that make ATP.'],
  ['host', 'Compare this with a chloroplast: thylakoids instead of cristae, light instead of sugar.'],
  ['student', 'Could you repeat the difference between NAD+ and NADH?'],
  ['host', 'NAD+ takes two electrons and a proton, and then it is called NADH. Remember: the plus is a charge.'],
  ['host', 'If the gradient is < 100 mV & falling, the turbine stops.'],
  ['host', 'On the next slide you see glycolysis; it yields two molecules of ATP net.'],
  ['student', 'Ça veut dire que le cytoplasme suffit ? Pardon, does the cytoplasm do that alone?'],
  ['host', 'It does, without any oxygen. That is the point of fermentation.'],
  ['host', 'Look at figure 3:2 in the book, the one with the proton pump.'],
  ['host', 'We take a short break here and go on with the citric acid cycle.'],
  ['student', 'Will this be in the exam?'],
  ['host', 'Everything on the slides may be. The review is next week.'],
];

export const CHAT_LINES = [
  'Is the recording on?',
  'Slides: https://campus.example/slides?a=1&b=2',
  '👍 thanks',
  'The figure is <b>too small</b> for me',
  'Danke schön!',
] as const;
