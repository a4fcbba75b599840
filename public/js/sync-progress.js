// Follows a running sync by server-sent events; without script the page is reloaded by hand.
const SAY_EVERY_MS = 10_000;
let saidAt = 0;

function follow(progress) {
  const source = new EventSource(progress.dataset.syncEvents);
  source.addEventListener('progress', (event) => show(progress, JSON.parse(event.data)));
  source.addEventListener('end', (event) => {
    source.close();
    finish(JSON.parse(event.data).text);
  });
}

function show(progress, { text, value, max }) {
  const bar = progress.querySelector('progress');
  if (max === null) bar.removeAttribute('value');
  else Object.assign(bar, { max, value });
  progress.querySelector('[data-sync-text]').textContent = text;
  // Screen readers hear of it now and then, not at each number.
  if (Date.now() - saidAt < SAY_EVERY_MS) return;
  saidAt = Date.now();
  say(text);
}

async function finish(text) {
  say(text);
  document.getElementById('notice')?.remove();
  const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
  if (!answer.ok) return location.reload();
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const part of document.querySelectorAll('[data-refresh]')) {
    const next = fresh.getElementById(part.id);
    if (next) replace(part, next);
  }
  document.dispatchEvent(new Event('rostrum:refreshed'));
  followAll();
}

/** Who had the focus in what is replaced, has it in what comes instead: on the same link or button, else at its start. */
function replace(part, next) {
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  part.replaceWith(next);
  if (!focused) return;
  const href = focused.getAttribute('href');
  const same = [...next.querySelectorAll('a, button')].find((one) =>
    href === null ? one.textContent === focused.textContent : one.getAttribute('href') === href,
  );
  if (!same) next.tabIndex = -1;
  (same ?? next).focus();
}

function say(text) {
  const region = document.querySelector('[data-sync-said]');
  if (region) region.textContent = text;
}

function followAll() {
  for (const progress of document.querySelectorAll('[data-sync-events]')) follow(progress);
}

document.documentElement.classList.add('has-script');
followAll();
