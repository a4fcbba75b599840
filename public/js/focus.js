// What went wrong is read first: the summary at the top takes the focus of a page that came back with one.
document.querySelector('[data-focus]')?.focus();
