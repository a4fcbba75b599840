// The player of a recording: keys, speed, parts one after another, and where one stopped. Without it the browser's own
// controls do their work, and each part has its own address.
const REPORT_EVERY_MS = 10_000;
const COUNTS_FROM_MS = 3_000;
const RENEWED_AGAIN_AFTER_MS = 30_000;
const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5];

const video = document.getElementById('video');
const watch = () => document.getElementById('watch');
const speed = document.getElementById('speed');
const keys = document.getElementById('keys');

/** Frames of other sites may keep nothing: then the choice lasts as long as the page. */
const kept = {
  get(name) {
    try {
      return localStorage.getItem(`rostrum.${name}`);
    } catch {
      return null;
    }
  },
  set(name, value) {
    try {
      localStorage.setItem(`rostrum.${name}`, value);
    } catch {
      // Kept by the page alone.
    }
  },
};

// Speed
function setSpeed(value) {
  if (!SPEEDS.includes(value)) return;
  video.defaultPlaybackRate = value;
  video.playbackRate = value;
  speed.value = String(value);
  kept.set('speed', String(value));
}

function stepSpeed(step) {
  setSpeed(SPEEDS[SPEEDS.indexOf(Number(speed.value)) + step]);
}

// What was watched: told every 10 seconds, when one pauses, and when one leaves.
let playedMs = 0;
let isCounted = false;
let lastAt = null;

function measure() {
  const now = video.currentTime;
  const step = lastAt === null ? 0 : (now - lastAt) * 1000;
  lastAt = video.paused || video.seeking ? null : now;
  if (step > 0 && step < 5_000) playedMs += step;
}

function report() {
  measure();
  const { watching, token, part } = watch().dataset;
  if (!watching || playedMs < (isCounted ? 1 : COUNTS_FROM_MS)) return;
  const watchedMs = Math.round(playedMs);
  const body = new URLSearchParams({
    _csrf: token,
    begins: isCounted ? '0' : '1',
    part,
    positionMs: String(Math.round(video.currentTime * 1000)),
    watchedMs: String(Math.min(watchedMs, 600_000)),
  });
  playedMs = 0;
  isCounted = true;
  fetch(watching, { method: 'POST', body, keepalive: true }).catch(() => undefined);
}

// Parts, and addresses that are over
let renewedAt = 0;

/** Shows what another address of this recording shows, in place: the player keeps playing where the browser lets it. */
async function go(href, { plays, at = null } = { plays: true }) {
  report();
  const answer = await fetch(href, { headers: { Accept: 'text/html' } });
  if (!answer.ok) return location.assign(href);
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const [next, nextVideo] = [fresh.getElementById('watch'), fresh.getElementById('video')];
  if (!next || !nextVideo) return location.assign(href);
  Object.assign(watch().dataset, next.dataset);
  if (!next.dataset.next) delete watch().dataset.next;
  for (const inside of ['.said', 'nav']) {
    const [old, now] = [watch().querySelector(inside), next.querySelector(inside)];
    if (old && now) old.replaceWith(now);
  }
  document.getElementById('resume')?.remove();
  lastAt = null;
  const captions = [...video.textTracks].some(({ mode }) => mode === 'showing');
  video.replaceChildren(...nextVideo.children);
  video.src = nextVideo.getAttribute('src');
  if (at !== null)
    video.addEventListener('loadedmetadata', () => Object.assign(video, { currentTime: at }), { once: true });
  for (const track of video.textTracks) track.mode = captions ? 'showing' : 'hidden';
  video.load();
  document.dispatchEvent(new Event('rostrum:part'));
  if (plays) video.play().catch(() => undefined);
}

function addressOf(href) {
  const query = new URL(href, location.href).searchParams;
  return { part: Number(query.get('part') ?? 1) - 1, at: Number(query.get('t') ?? 0) };
}

/** To a place of the part that is shown, or of another one. */
function goTo(href) {
  const { part, at } = addressOf(href);
  document.getElementById('resume')?.remove();
  if (part !== Number(watch().dataset.part)) return go(href);
  video.currentTime = at;
  return video.play().catch(() => undefined);
}

async function renew() {
  if (!video.error) return;
  const broken = document.querySelector('[data-broken]');
  if (Date.now() - renewedAt < RENEWED_AGAIN_AFTER_MS) {
    broken.hidden = false;
    return;
  }
  renewedAt = Date.now();
  const here = new URL(location.href);
  here.searchParams.set('part', String(Number(watch().dataset.part) + 1));
  here.searchParams.delete('t');
  await go(here.href, { plays: lastAt !== null, at: video.currentTime });
}

// Keys
const ACTIONS = {
  ' ': () => (video.paused ? video.play().catch(() => undefined) : video.pause()),
  j: () => seekBy(-10),
  l: () => seekBy(10),
  ArrowLeft: () => seekBy(-5),
  ArrowRight: () => seekBy(5),
  ArrowUp: () => louderBy(0.1),
  ArrowDown: () => louderBy(-0.1),
  f: () =>
    (document.fullscreenElement ? document.exitFullscreen() : video.requestFullscreen?.())?.catch(() => undefined),
  m: () => Object.assign(video, { muted: !video.muted }),
  c: toggleCaptions,
  '<': () => stepSpeed(-1),
  '>': () => stepSpeed(1),
};
ACTIONS.k = ACTIONS[' '];

function seekBy(seconds) {
  const end = Number.isFinite(video.duration) ? video.duration : 0;
  video.currentTime = Math.max(0, Math.min(end, video.currentTime + seconds));
}

function louderBy(step) {
  video.volume = Math.max(0, Math.min(1, video.volume + step));
}

function toggleCaptions() {
  const isOn = [...video.textTracks].some(({ mode }) => mode === 'showing');
  for (const track of video.textTracks) track.mode = isOn ? 'hidden' : 'showing';
}

/** Keys mean something else where one writes or chooses; in the transcript the arrows scroll it. */
function isTaken(target, key) {
  if (!(target instanceof Element)) return false;
  if (target.closest('input, select, textarea, [contenteditable]')) return true;
  if (key === ' ') return target.closest('a, button, summary') !== null;
  return key.startsWith('Arrow') && !video.contains(target) && target !== document.body;
}

document.addEventListener('keydown', (event) => {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.altKey || event.metaKey || !keys.checked || !ACTIONS[key]) return;
  if (isTaken(event.target, key)) return;
  event.preventDefault();
  ACTIONS[key]();
});

document.addEventListener('click', (event) => {
  const link = event.target instanceof Element ? event.target.closest('a[data-go]') : null;
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  goTo(link.href);
});

document.documentElement.classList.add('has-script');
document.addEventListener('rostrum:go', ({ detail }) => goTo(detail));

for (const tool of document.querySelectorAll('[data-tools]')) tool.hidden = false;
setSpeed(Number(kept.get('speed') ?? 1));
speed.addEventListener('change', () => setSpeed(Number(speed.value)));
keys.checked = kept.get('keys') !== 'off';
keys.addEventListener('change', () => kept.set('keys', keys.checked ? 'on' : 'off'));
video.addEventListener('timeupdate', measure);
video.addEventListener('pause', report);
video.addEventListener('play', () => document.getElementById('resume')?.remove());
video.addEventListener('error', renew);
video.addEventListener('ended', () => {
  report();
  const { next } = watch().dataset;
  if (next) go(next);
});
setInterval(report, REPORT_EVERY_MS);
window.addEventListener('pagehide', report);
