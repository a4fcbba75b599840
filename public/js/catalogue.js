// Choosing recordings: all of the page at once, how many are chosen, and what changes by itself. Without script the page is
// looked at again by hand.
const EVERY_MS = 4_000;
const root = () => document.getElementById('catalogue');
const boxes = () => [...document.querySelectorAll('#catalogue input[name=uuid]')];
/** As the server sent them: scripts of the page put times into other words. */
const sent = new Map();

function rowsIn(list) {
  return [...list.querySelectorAll('.catalogue__row')];
}

function remember(list) {
  for (const row of rowsIn(list)) sent.set(row.id, row.outerHTML);
}

function count() {
  const all = boxes();
  const chosen = all.filter((box) => box.checked).length;
  const every = document.querySelector('[data-choose-all]');
  if (every) {
    every.hidden = all.length < 2;
    const box = every.querySelector('input');
    box.checked = chosen > 0 && chosen === all.length;
    box.indeterminate = chosen > 0 && chosen < all.length;
  }
  const button = document.querySelector('[data-bring]');
  if (!button) return;
  const { one, other } = button.form.dataset;
  button.dataset.none ??= button.textContent;
  button.textContent = chosen === 0 ? button.dataset.none : (chosen === 1 ? one : other).replace('{n}', String(chosen));
}

async function look() {
  const list = root();
  if (!list || !('goesOn' in list.dataset)) return;
  if (!document.hidden) await renew(list).catch(() => undefined);
  setTimeout(look, EVERY_MS);
}

async function renew(list) {
  const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const fresh = page.getElementById('catalogue');
  if (!fresh) return;
  for (const part of document.querySelectorAll('[data-renewed]')) {
    const next = page.getElementById(part.id);
    if (next && next.innerHTML !== part.innerHTML) part.innerHTML = next.innerHTML;
  }
  // With the first rows, or the last thing to choose, the form comes or goes as a whole.
  const isSame = Boolean(list.querySelector('[data-bring]')) === Boolean(fresh.querySelector('[data-bring]'));
  if (isSame && list.querySelector('.catalogue__list')) renewRows(list, fresh);
  else list.innerHTML = fresh.innerHTML;
  if (!('goesOn' in fresh.dataset)) delete list.dataset.goesOn;
  remember(fresh);
  count();
  document.dispatchEvent(new Event('rostrum:refreshed'));
}

/** Only rows that changed are replaced, and none is moved that is in its place: ticks and the focus stay where they are. */
function renewRows(list, fresh) {
  const known = new Map(rowsIn(list).map((row) => [row.id, row]));
  const coming = rowsIn(fresh);
  const ids = new Set(coming.map((row) => row.id));
  for (const [id, row] of known) if (!ids.has(id)) row.remove();
  const place = list.querySelector('.catalogue__list');
  for (const [at, row] of coming.entries()) {
    const old = known.get(row.id);
    const shown = old && sent.get(row.id) === row.outerHTML ? old : row.cloneNode(true);
    if (old && old !== shown) replace(old, shown);
    if (place.children[at] !== shown) place.insertBefore(shown, place.children[at] ?? null);
  }
}

function replace(old, row) {
  const box = row.querySelector('input');
  if (box && old.querySelector('input')?.checked) box.checked = true;
  const focused = old.contains(document.activeElement) ? document.activeElement.localName : null;
  old.replaceWith(row);
  if (focused === null) return;
  const same = row.querySelector(focused) ?? row.querySelector('a');
  if (!same) row.tabIndex = -1;
  (same ?? row).focus();
}

document.addEventListener('change', ({ target }) => {
  if (target.closest('[data-choose-all]')) for (const box of boxes()) box.checked = target.checked;
  count();
});
window.addEventListener('pageshow', count);
if (root()) remember(root());
count();
setTimeout(look, EVERY_MS);
