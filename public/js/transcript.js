// The transcript beside the video: follows it, is searched, and leads to each line's place. It asks the player by an event,
// as a module that is imported by another address would be a second one.
const LET_GO_MS = 6_000;

const video = document.getElementById('video');
let lines = [];
let current = null;
let found = [];
let chosen = -1;
let scrolledAt = 0;

function begin() {
  const list = document.getElementById('said');
  current = null;
  found = [];
  chosen = -1;
  lines = [...(list?.querySelectorAll('[data-at]') ?? [])].map((element) => ({
    element,
    at: Number(element.dataset.at),
    words: fold(element.querySelector('.said__text').textContent),
  }));
  for (const name of ['wheel', 'touchmove', 'pointerdown', 'keydown']) {
    list?.addEventListener(name, letGo, { passive: true });
  }
  list?.addEventListener('click', jump);
  const find = document.getElementById('said-q');
  for (const tool of document.querySelectorAll('.said [data-tools]')) tool.hidden = false;
  find?.addEventListener('input', () => search(find.value));
  find?.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    nextFound(event.shiftKey ? -1 : 1);
  });
}

/** Who scrolls reads elsewhere for a while. */
function letGo() {
  scrolledAt = Date.now();
}

function fold(text) {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

function follow() {
  const time = video.currentTime;
  const now = lines.findLast((line) => line.at <= time + 0.05) ?? null;
  if (now === current) return;
  current?.element.removeAttribute('aria-current');
  current = now;
  if (!now) return;
  now.element.setAttribute('aria-current', 'true');
  if (Date.now() - scrolledAt > LET_GO_MS && found.length === 0) show(now.element);
}

/** Within the list alone: the page around it stays where it is. */
function show(element) {
  const list = element.parentElement;
  const top = element.offsetTop - list.offsetTop;
  list.scrollTop = top - list.clientHeight / 3;
}

function jump(event) {
  const line = event.target.closest('[data-at]');
  if (!line || event.ctrlKey || event.metaKey || String(getSelection()) !== '') return;
  event.preventDefault();
  const { at } = line.dataset;
  const address = new URL(line.querySelector('a').href);
  address.searchParams.set('t', at);
  document.dispatchEvent(new CustomEvent('rostrum:go', { detail: address.href }));
}

function search(text) {
  const wanted = fold(text.trim());
  const said = document.getElementById('said-found');
  chosen = -1;
  found = wanted === '' ? [] : lines.filter(({ words }) => words.includes(wanted));
  const among = new Set(found);
  for (const line of lines) line.element.hidden = wanted !== '' && !among.has(line);
  const count = said.dataset.found.replace(
    '\uE000',
    new Intl.NumberFormat(document.documentElement.lang).format(found.length),
  );
  said.textContent = wanted === '' ? '' : found.length === 0 ? count : `${count}. ${said.dataset.hint}`;
  if (wanted === '' && current) show(current.element);
}

function nextFound(step) {
  if (found.length === 0) return;
  for (const { element } of found) element.classList.remove('said__line--found');
  chosen = (chosen + step + found.length) % found.length;
  const { element } = found[chosen];
  element.classList.add('said__line--found');
  show(element);
  video.currentTime = Number(element.dataset.at);
}

begin();
video.addEventListener('timeupdate', follow);
document.addEventListener('rostrum:part', begin);
