// What is being brought in: the list is asked for again now and then, as long as something of it comes.
const EVERY_MS = 4_000;

async function look() {
  const list = document.getElementById('recordings');
  if (!list || !('comes' in list.dataset)) return;
  const isBusy = document.hidden || list.contains(document.activeElement);
  if (!isBusy) await renew(list).catch(() => undefined);
  setTimeout(look, EVERY_MS);
}

async function renew(list) {
  const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('recordings');
  if (!fresh) return;
  list.replaceWith(fresh);
  document.dispatchEvent(new Event('rostrum:refreshed'));
}

setTimeout(look, EVERY_MS);
