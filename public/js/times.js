// Exact times come in UTC while the LMS has not told the person's zone: here the browser's own is used instead.
const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' });

function localise(root) {
  for (const time of root.querySelectorAll('time[data-localise]')) {
    const exact = format.format(new Date(time.dateTime));
    if (time.textContent === time.title) time.textContent = exact;
    time.title = exact;
    time.removeAttribute('data-localise');
  }
}

localise(document);
document.addEventListener('htmx:load', (event) => localise(event.target));
document.addEventListener('rostrum:refreshed', () => localise(document));
