/**
 * What runs on a course page. Canvas's answers to the tool's messages: frame height, window size, and where LTI platform
 * storage is found. Moodle answers none of them.
 */
export const frameScript = `(function (page) {
  var frame = document.querySelector('iframe.tool');
  if (page.family !== 'canvas') return;
  function read(data) {
    if (typeof data === 'object' && data !== null) return data;
    try { return JSON.parse(data) || {}; } catch (error) { return {}; }
  }
  function resize(height) {
    var pixels = Number(height);
    if (pixels > 0) frame.style.height = Math.min(pixels, 20000) + 'px';
  }
  function capabilities() {
    var stored = { frame: 'post_message_forwarding' };
    return { supported_messages: [
      { subject: 'lti.capabilities' }, { subject: 'lti.frameResize' }, { subject: 'lti.fetchWindowSize' },
      Object.assign({ subject: 'lti.put_data' }, stored), Object.assign({ subject: 'lti.get_data' }, stored)
    ] };
  }
  window.addEventListener('message', function (event) {
    if (event.source !== frame.contentWindow) return;
    var message = read(event.data);
    function answer(content) {
      var head = { subject: message.subject + '.response', message_id: message.message_id };
      event.source.postMessage(Object.assign(head, content), event.origin);
    }
    if (message.subject === 'lti.frameResize') resize(message.height);
    else if (message.subject === 'lti.scrollToTop') window.scrollTo(0, 0);
    else if (message.subject === 'lti.fetchWindowSize') {
      answer({ height: innerHeight, width: innerWidth, offset: frame.getBoundingClientRect(), footer: 0, scrollY: scrollY });
    } else if (message.subject === 'lti.capabilities' && !page.silent) answer(capabilities());
  });
})`;

/** What runs in Canvas's hidden frame: LTI platform storage, kept per origin until the page goes. */
export const storageScript = `(function (page) {
  var stores = new Map();
  function fail(code, message) { return { error: { code: code, message: message } }; }
  function put(store, message) {
    if (typeof message.key !== 'string') return fail('bad_request', 'key must be a string');
    if (message.value === null || message.value === undefined) store.delete(message.key);
    else {
      var size = Array.from(store).reduce(function (sum, entry) { return sum + entry[0].length + entry[1].length; }, 0);
      if (size + String(message.value).length > 4096 || store.size >= 500) return fail('storage_exhaustion', 'full');
      store.set(message.key, String(message.value));
    }
    return { key: message.key, value: message.value };
  }
  window.addEventListener('message', function (event) {
    var message = event.data;
    if (page.silent || typeof message !== 'object' || message === null || typeof message.subject !== 'string') return;
    var store = stores.get(event.origin) || new Map();
    stores.set(event.origin, store);
    var content = message.subject === 'lti.put_data' ? put(store, message)
      : message.subject === 'lti.get_data' ? { key: message.key, value: store.has(message.key) ? store.get(message.key) : null }
      : fail('unsupported_subject', 'not supported');
    var head = { subject: message.subject + '.response', message_id: message.message_id };
    event.source.postMessage(Object.assign(head, content), event.origin);
  });
})`;
