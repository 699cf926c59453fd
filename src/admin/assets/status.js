/** Keeps the status page up to date: asks for it again, and changes what differs, so that focus and scroll stay. */

const EVERY_MS = 2_000;
const DEADLINE_MS = 10_000;
const TYPING_MS = 250;

const pause = document.getElementById('pause');
const filter = document.getElementById('filter');
const freshness = document.getElementById('freshness');

let lastAsOf = document.getElementById('as-of').textContent;
let timer;
let asked = 0;

function isPaused() {
  return pause.getAttribute('aria-pressed') === 'true';
}

/** One question at a time; the answer to an older filter is thrown away. */
async function update() {
  clearTimeout(timer);
  const question = ++asked;
  try {
    const answer = await fetch(location.pathname + location.search, {
      cache: 'no-store',
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    if (question !== asked) return;
    show(text);
  } catch {
    if (question !== asked) return;
    document.body.classList.add('stale');
    freshness.textContent = `No answer since ${lastAsOf} UTC`;
  }
  schedule();
}

function schedule() {
  clearTimeout(timer);
  if (!isPaused() && !document.hidden) timer = setTimeout(update, EVERY_MS);
}

function show(text) {
  const next = new DOMParser().parseFromString(text, 'text/html');
  const asOf = next.getElementById('as-of');
  document.body.classList.remove('stale');
  freshness.replaceChildren('As of ', document.importNode(asOf, true), ' UTC');
  lastAsOf = asOf.textContent;
  document.title = next.title;
  for (const part of document.querySelectorAll('[data-live]')) {
    const successor = next.getElementById(part.id);
    if (successor !== null) morph(part, successor);
  }
}

/** Makes `from` say what `to` says, and keeps every element that stands for the same thing. */
function morph(from, to) {
  for (const name of from.getAttributeNames()) if (!to.hasAttribute(name)) from.removeAttribute(name);
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  const known = new Map();
  for (const child of from.children) if (keyOf(child) !== undefined) known.set(keyOf(child), child);
  let place = from.firstChild;
  for (const wanted of to.childNodes) {
    const key = keyOf(wanted);
    const kept = key === undefined ? place : known.get(key);
    if (kept === null || kept === undefined || !isAlike(kept, wanted)) {
      from.insertBefore(document.importNode(wanted, true), place);
      continue;
    }
    if (kept === place) place = place.nextSibling;
    else from.insertBefore(kept, place);
    if (kept.nodeType === Node.ELEMENT_NODE) morph(kept, wanted);
    else if (kept.data !== wanted.data) kept.data = wanted.data;
  }
  while (place !== null) {
    const gone = place;
    place = place.nextSibling;
    gone.remove();
  }
}

function keyOf(node) {
  return node.nodeType === Node.ELEMENT_NODE ? node.id || node.dataset.key || undefined : undefined;
}

function isAlike(a, b) {
  return a.nodeName === b.nodeName && keyOf(a) === keyOf(b);
}

pause.hidden = false;
document.getElementById('apply').hidden = true;

pause.addEventListener('click', () => {
  const willPause = !isPaused();
  pause.setAttribute('aria-pressed', String(willPause));
  if (willPause) {
    asked++;
    clearTimeout(timer);
  } else void update();
});

filter.form.addEventListener('submit', (event) => {
  event.preventDefault();
  applyFilter();
});

filter.addEventListener('input', () => {
  clearTimeout(timer);
  timer = setTimeout(applyFilter, TYPING_MS);
});

function applyFilter() {
  const text = filter.value.trim();
  const address = text === '' ? location.pathname : `${location.pathname}?q=${encodeURIComponent(text)}`;
  history.replaceState(null, '', address + location.hash);
  void update();
}

document.addEventListener('visibilitychange', () => {
  if (!document.hidden && !isPaused()) void update();
});

schedule();
