// Counts the ticked boxes of the list and opens the form for them. Without script the form is opened by hand.
const boxes = () => [...document.querySelectorAll('input[name=users]')];
// Where there is little room the bar stays closed until somebody wants it: open, it would cover the list.
const roomy = matchMedia('(min-width: 48rem)');
let before = 0;

/** The list is replaced while one searches, so everything is found anew. */
function show() {
  const many = document.querySelector('[data-many]');
  if (!many) return;
  const all = boxes();
  const chosen = all.filter((box) => box.checked).length;
  const everyone = many.querySelector('[name=everyone]');
  const page = many.querySelector('[data-many-page]');
  page.hidden = false;
  const pageBox = page.querySelector('input');
  pageBox.checked = everyone.checked || (chosen > 0 && chosen === all.length);
  pageBox.indeterminate = !everyone.checked && chosen > 0 && chosen < all.length;
  pageBox.disabled = everyone.checked;
  for (const box of all) box.disabled = everyone.checked;
  const title = many.querySelector('[data-many-title]');
  title.dataset.text ??= title.textContent;
  const text = (chosen === 1 ? many.dataset.one : many.dataset.other).replace('{n}', String(chosen));
  title.textContent = chosen === 0 || everyone.checked ? title.dataset.text : text;
  many.classList.toggle('many--chosen', chosen > 0 && !everyone.checked);
  if (chosen > 0 && before === 0 && roomy.matches) many.querySelector('details').open = true;
  if (chosen !== before) many.querySelector('[data-many-said]').textContent = chosen === 0 ? '' : text;
  before = chosen;
}

document.addEventListener('change', (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || box.type !== 'checkbox') return;
  if (box.closest('[data-many-page]')) for (const one of boxes()) one.checked = box.checked;
  show();
});
// A search replaces the bar with the list; who had it open goes on with it.
let wanted = false;
document.addEventListener(
  'toggle',
  ({ target }) => {
    if (target.matches('.many__details')) wanted = target.open;
  },
  true,
);
document.addEventListener('htmx:load', () => {
  before = 0;
  const details = document.querySelector('.many__details');
  if (details && wanted) details.open = true;
  show();
});
window.addEventListener('pageshow', show);
show();
