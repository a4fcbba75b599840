// A form that opens Zoom in a new tab: when one comes back from there, the page says what became of it.
let left = false;
for (const form of document.querySelectorAll('form[data-comes-back]')) {
  form.addEventListener('submit', () => {
    left = true;
  });
}
const look = () => {
  if (left && document.visibilityState === 'visible') location.reload();
};
document.addEventListener('visibilitychange', look);
window.addEventListener('focus', look);
