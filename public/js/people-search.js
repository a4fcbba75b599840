// Suggestions while one types: a combobox with a list (WAI-ARIA 1.2). Without script the form searches by itself.
const LEAST = 3;
const PAUSE_MS = 200;

const search = document.querySelector('[data-people]');
const input = search.querySelector('[data-people-input]');
const list = search.querySelector('[data-people-list]');
const said = search.querySelector('[data-people-said]');
const fault = search.querySelector('[data-people-fault]');
const form = document.querySelector('[data-people-form]');
const found = form.querySelector('[data-people-found]');

let active = -1;
let asked = 0;
let timer;

input.setAttribute('role', 'combobox');
input.setAttribute('aria-autocomplete', 'list');
input.setAttribute('aria-expanded', 'false');
input.setAttribute('aria-controls', list.id);

input.addEventListener('input', () => {
  clearTimeout(timer);
  const text = input.value.trim();
  asked += 1;
  if (text.length < LEAST) return close();
  timer = setTimeout(() => suggest(text, asked), PAUSE_MS);
});

input.addEventListener('keydown', (event) => {
  if (event.isComposing) return;
  const done = KEYS[event.key]?.(event);
  if (done) event.preventDefault();
});

// Before the field loses the focus to the click.
list.addEventListener('mousedown', (event) => event.preventDefault());
list.addEventListener('click', (event) => {
  const option = event.target.closest('[role=option]');
  if (option) choose(option);
});
input.addEventListener('blur', close);

const KEYS = {
  ArrowDown: () => (isOpen() ? move(1) : open()),
  ArrowUp: () => isOpen() && move(-1),
  Escape() {
    if (!isOpen()) return false;
    close();
    return true;
  },
  Enter() {
    const option = options()[active];
    if (!isOpen() || !option) return false;
    choose(option);
    return true;
  },
};

async function suggest(text, number) {
  const url = new URL(search.dataset.people, location.href);
  url.searchParams.set('q', text);
  const answer = await fetch(url, { headers: { Accept: 'text/html' } }).catch(() => null);
  // An answer to what is no longer in the field.
  if (number !== asked) return;
  if (!answer?.ok) return tellFault(answer);
  fault.hidden = true;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  if (number !== asked) return;
  const people = [...page.querySelectorAll('[role=option]')];
  for (const [i, option] of people.entries()) {
    option.id = `person-${i}`;
    option.setAttribute('aria-selected', 'false');
  }
  list.replaceChildren(...people);
  said.textContent = page.querySelector('[data-said]').textContent;
  if (people.length > 0) open();
  else close();
}

/** Without a word, the suggestions of an earlier text would stand there as if they were those of this one. */
function tellFault(answer) {
  const { busy, ended, offline } = search.dataset;
  const text = answer?.status === 429 ? busy : answer && answer.status < 500 ? ended : offline;
  list.replaceChildren();
  close();
  fault.textContent = text;
  fault.hidden = false;
  said.textContent = text;
}

function options() {
  return [...list.children];
}

function isOpen() {
  return !list.hidden;
}

function open() {
  if (list.children.length === 0) return false;
  list.hidden = false;
  input.setAttribute('aria-expanded', 'true');
  mark(-1);
  return true;
}

function close() {
  list.hidden = true;
  input.setAttribute('aria-expanded', 'false');
  mark(-1);
}

function move(by) {
  const count = options().length;
  // Between the last and the first stands the field itself.
  mark(((active + 1 + by + count + 1) % (count + 1)) - 1);
  return true;
}

function mark(index) {
  active = index;
  for (const [i, option] of options().entries()) option.setAttribute('aria-selected', String(i === index));
  const option = options()[index];
  if (!option) return input.removeAttribute('aria-activedescendant');
  input.setAttribute('aria-activedescendant', option.id);
  option.scrollIntoView({ block: 'nearest' });
}

/** Somebody who is here already has a page of their own; everybody else goes into the form below. */
function choose(option) {
  close();
  if (option.dataset.href) return location.assign(option.dataset.href);
  input.value = option.dataset.name;
  const person = document.createElement('label');
  person.className = 'choice';
  const radio = Object.assign(document.createElement('input'), {
    type: 'radio',
    name: 'person',
    value: option.dataset.person,
    checked: true,
    required: true,
  });
  const words = document.createElement('span');
  words.append(...[...option.childNodes].map((node) => node.cloneNode(true)));
  person.append(radio, words);
  for (const old of found.querySelectorAll('.choice')) old.remove();
  found.append(person);
  found.hidden = false;
  document.querySelector('[data-people-none]')?.remove();
  form.hidden = false;
  // A function: a name may have "$&" in it.
  said.textContent = search.dataset.chosen.replace('{name}', () => option.dataset.name);
}
