// LTI platform storage (1EdTech LTI Client Side postMessages): where the browser keeps no cookie in a frame, the LMS
// keeps one value for us between login and launch. Without script, or without an answer, the page's other way stays.
// Some LMSs name a frame that never answers (Canvas's mobile apps): the other way is shown then. An answer that comes
// later, from a slow computer, is still taken.
const PATIENCE_MS = 1500;

const task = document.getElementById('lti-storage').dataset;
if (task.task === 'put') await put();
else await get();

async function put() {
  const answer = await askPatiently({ subject: 'lti.put_data', key: task.key, value: task.value });
  if (answer) location.replace(task.next);
  else showOtherWay();
}

async function get() {
  const answer = await askPatiently({ subject: 'lti.get_data', key: task.key });
  const form = document.getElementById('launch');
  if (!answer || typeof answer.value !== 'string') return showOtherWay();
  form.elements.namedItem('storage_proof').value = answer.value;
  form.submit();
}

async function askPatiently(message) {
  const patience = setTimeout(showOtherWay, PATIENCE_MS);
  const answer = await ask(message);
  clearTimeout(patience);
  return answer;
}

/** The LMS's answer to a message, whenever it comes, or null after an error. */
function ask(message) {
  const frame = findFrame();
  if (!frame) return null;
  const id = crypto.randomUUID();
  return new Promise((resolve) => {
    const listen = (event) => {
      if (event.origin !== task.origin) return;
      const answer = event.data;
      if (answer?.message_id !== id || answer.subject !== `${message.subject}.response`) return;
      finish(answer.error ? null : answer);
    };
    const finish = (answer) => {
      window.removeEventListener('message', listen);
      resolve(answer);
    };
    window.addEventListener('message', listen);
    frame.postMessage({ ...message, message_id: id }, task.origin);
  });
}

/** The frame the LMS named: `_parent`, or one beside ours by its name. */
function findFrame() {
  const parent = window.parent !== window ? window.parent : window.opener;
  if (!parent) return null;
  if (task.frame === '_parent') return parent;
  try {
    return parent.frames[task.frame] ?? null;
  } catch {
    return null;
  }
}

function showOtherWay() {
  document.getElementById('working').hidden = true;
  document.getElementById('otherwise').hidden = false;
}
