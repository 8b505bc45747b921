'use strict';
// Text reaches the page through textContent only, never as markup.
const WORDS = {
  es: {
    title: 'Teléfonos de prueba', numbers: 'Números de prueba', phones: 'Teléfonos',
    search: 'Buscar por número, nombre o texto', back: '← Volver', send: 'Enviar', close: 'Cerrar',
    write: 'Escribe como el cliente', ending: 'Termina en', outcome: 'Qué pasa',
    empty: 'Aún no llega ningún mensaje. Envía una campaña y aparecerán aquí los teléfonos de tus clientes.',
    none: 'Ningún teléfono coincide con la búsqueda.',
    choose: 'Elige un teléfono para ver su conversación y responder en nombre del cliente.',
    numbersHelp: 'Las últimas cuatro cifras deciden qué pasa, con cualquier prefijo válido: +52 55 1234 9026, +34 612 349 026, +1 415 555 9026.',
    counts: (n) => `${n} ${n === 1 ? 'teléfono' : 'teléfonos'}`,
    more: (n, all) => `Se muestran ${n} de ${all}. Usa la búsqueda para encontrar otros.`,
    template: 'Plantilla', file: 'Archivo', lost: 'El sandbox no responde; se vuelve a intentar.',
    notSent: 'No se pudo enviar: ', other: 'EN', otherLabel: 'Switch to English', otherLang: 'en',
    accepted: 'Aceptado', sent: 'Enviado', delivered: 'Entregado', read: 'Leído', failed: 'Falló',
  },
  en: {
    title: 'Test phones', numbers: 'Test numbers', phones: 'Phones',
    search: 'Search by number, name or text', back: '← Back', send: 'Send', close: 'Close',
    write: 'Write as the customer', ending: 'Ends in', outcome: 'What happens',
    empty: 'No message has arrived yet. Send a campaign and your customers’ phones will appear here.',
    none: 'No phone matches the search.',
    choose: 'Choose a phone to see its conversation and answer as the customer.',
    numbersHelp: 'The last four digits decide what happens, behind any valid prefix: +52 55 1234 9026, +34 612 349 026, +1 415 555 9026.',
    counts: (n) => `${n} ${n === 1 ? 'phone' : 'phones'}`,
    more: (n, all) => `${n} of ${all} shown. Search to find others.`,
    template: 'Template', file: 'File', lost: 'The sandbox does not answer; trying again.',
    notSent: 'Not sent: ', other: 'ES', otherLabel: 'Cambiar a español', otherLang: 'es',
    accepted: 'Accepted', sent: 'Sent', delivered: 'Delivered', read: 'Read', failed: 'Failed',
  },
};
const TICKS = { accepted: '🕓', sent: '✓', delivered: '✓✓', read: '✓✓', failed: '⚠' };
const LIMIT = 100;
const $ = (id) => document.getElementById(id);
let language = 'es';
let words = WORDS.es;
let run = '';
let listCursor = 0;
let phones = new Map();
let total = 0;
let open = null;
let chatCursor = 0;
let bubbles = new Map();
let endings = [];
let asked = 0;

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined && text !== null) node.textContent = text;
  return node;
}

function clock(at) {
  return new Date(at).toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit' });
}

function ticks(status) {
  const node = make('span', 'ticks' + (status === 'read' ? ' read' : status === 'failed' ? ' bad' : ''), TICKS[status] || '');
  node.setAttribute('role', 'img');
  node.setAttribute('aria-label', words[status] || status);
  node.title = words[status] || status;
  return node;
}

function drawList() {
  const shown = [...phones.values()].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)).slice(0, LIMIT);
  const focused = document.activeElement && document.activeElement.dataset.number;
  $('list').replaceChildren(...shown.map((phone) => {
    const button = make('button');
    button.type = 'button';
    button.dataset.number = phone.number;
    if (phone.number === open) button.setAttribute('aria-current', 'true');
    button.append(make('span', 'name', phone.name), make('span', 'time', clock(phone.at)));
    const text = make('span', 'text');
    if (phone.direction === 'out') text.append(ticks(phone.status), ' ');
    text.append(phone.text || '…');
    button.append(text, make('span', 'number', '+' + phone.number));
    button.addEventListener('click', () => choose(phone.number));
    const item = make('li');
    item.append(button);
    return item;
  }));
  if (focused) {
    const again = [...$('list').querySelectorAll('button')].find((b) => b.dataset.number === focused);
    if (again) again.focus({ preventScroll: true });
  }
  $('empty').hidden = shown.length > 0;
  $('empty').textContent = total > 0 ? words.none : words.empty;
  $('counts').textContent = words.counts(total);
  $('more').hidden = shown.length < LIMIT || total <= shown.length;
  $('more').textContent = words.more(shown.length, total);
}

function drawBubble(bubble) {
  const item = make('li', 'bubble ' + bubble.direction);
  if (bubble.media) item.append(make('div', 'foot', `📎 ${words.file}: ${bubble.type} ${bubble.media}`));
  item.append(make('div', 'words', bubble.text || ''));
  if (bubble.buttons && bubble.buttons.length) {
    const taps = make('div', 'taps');
    for (const reply of bubble.buttons) {
      const button = make('button', '', reply.text);
      button.type = 'button';
      button.addEventListener('click', () => answer({ button: reply, context: bubble.wamid, phone_number_id: bubble.phone_number_id }));
      taps.append(button);
    }
    item.append(taps);
  }
  const foot = make('div', 'foot');
  if (bubble.template) foot.append(make('span', 'tag', `${words.template}: ${bubble.template}`));
  if (bubble.error) foot.append(make('span', 'bad', `${bubble.error.code} ${bubble.error.title}`));
  foot.append(make('span', '', clock(bubble.at)));
  if (bubble.direction === 'out') foot.append(ticks(bubble.status));
  item.append(foot);
  return item;
}

function drawChat() {
  const list = $('bubbles');
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  list.replaceChildren(...[...bubbles.keys()].sort((a, b) => a - b).map((key) => drawBubble(bubbles.get(key))));
  if (atEnd) list.scrollTop = list.scrollHeight;
}

async function fetched(path) {
  const answer = await fetch(path, { cache: 'no-store' });
  if (!answer.ok && answer.status !== 404) throw new Error(String(answer.status));
  return answer.ok ? answer.json() : null;
}

function sameRun(page) {
  if (page.run === run) return true;
  const first = run === '';
  run = page.run;
  if (first) return true;
  listCursor = 0; chatCursor = 0; phones = new Map(); bubbles = new Map();
  return false;
}

async function refreshList() {
  const query = $('search').value.trim();
  const number = ++asked;
  const page = await fetched(`/sandbox/phones?since=${listCursor}&limit=${LIMIT}&search=${encodeURIComponent(query)}`);
  if (number !== asked || !sameRun(page)) return;
  listCursor = page.cursor;
  total = page.total;
  for (const phone of page.phones) phones.set(phone.number, phone);
  if (phones.size > 3 * LIMIT) {
    phones = new Map([...phones].sort(([, a], [, b]) => (a.at < b.at ? 1 : -1)).slice(0, LIMIT));
  }
  if (page.phones.length || number === 1 || !$('list').childElementCount) drawList();
}

async function refreshChat() {
  if (!open) return;
  const number = open;
  const page = await fetched(`/sandbox/phones/${encodeURIComponent(number)}?since=${chatCursor}`);
  if (!page || number !== open || !sameRun(page)) return;
  chatCursor = page.cursor;
  $('chat-title').textContent = page.name;
  $('chat-number').textContent = '+' + page.number;
  for (const bubble of page.bubbles) bubbles.set(bubble.index, bubble);
  if (page.bubbles.length) drawChat();
}

let waiting = null;
async function refresh() {
  clearTimeout(waiting);
  try {
    if (!document.hidden) {
      await Promise.all([refreshList(), refreshChat()]);
      if ($('problem').dataset.lost) { $('problem').textContent = ''; delete $('problem').dataset.lost; }
    }
  } catch {
    $('problem').textContent = words.lost;
    $('problem').dataset.lost = '1';
  }
  clearTimeout(waiting);
  waiting = setTimeout(refresh, 1000);
}

function choose(number) {
  open = number;
  chatCursor = 0;
  bubbles = new Map();
  $('bubbles').replaceChildren();
  $('chat-head').hidden = false;
  $('choose').hidden = true;
  $('reply').hidden = false;
  $('problem').textContent = '';
  document.body.classList.add('open');
  drawList();
  refresh().then(() => { $('bubbles').scrollTop = $('bubbles').scrollHeight; $('text').focus(); });
}

async function answer(body) {
  try {
    const sent = await fetch(`/sandbox/phones/${encodeURIComponent(open)}/reply`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
    });
    if (!sent.ok) throw new Error((await sent.json().catch(() => ({}))).error || String(sent.status));
    $('problem').textContent = '';
    await refresh();
    return true;
  } catch (error) {
    $('problem').textContent = words.notSent + error.message;
    return false;
  }
}

function speak(next) {
  language = next;
  words = WORDS[next];
  document.documentElement.lang = next;
  document.title = 'Nexus · ' + words.title;
  for (const node of document.querySelectorAll('[data-t]')) node.textContent = words[node.dataset.t];
  $('search').placeholder = words.search;
  $('text').placeholder = words.write;
  $('language').textContent = words.other;
  $('language').lang = words.otherLang;
  $('language').setAttribute('aria-label', words.otherLabel);
  drawEndings();
  drawList();
  drawChat();
}

function drawEndings() {
  $('endings').replaceChildren(...endings.map((ending) => {
    const row = make('tr');
    row.append(make('td', '', '… ' + ending.ending), make('td', '', ending[language]));
    return row;
  }));
}

$('search').addEventListener('input', () => { listCursor = 0; phones = new Map(); $('list').replaceChildren(); refresh(); });
$('language').addEventListener('click', () => {
  const next = language === 'es' ? 'en' : 'es';
  try { localStorage.setItem('nexus-sandbox-language', next); } catch { /* private mode */ }
  speak(next);
});
$('numbers-button').addEventListener('click', () => $('numbers').showModal());
$('back').addEventListener('click', () => { document.body.classList.remove('open'); open = null; drawList(); });
$('reply').addEventListener('submit', async (event) => {
  event.preventDefault();
  const text = $('text').value;
  if (text.trim() && await answer({ text })) $('text').value = '';
});
document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
fetched('/sandbox/numbers').then((list) => { endings = list; drawEndings(); }).catch(() => {});
try { if (localStorage.getItem('nexus-sandbox-language') === 'en') speak('en'); } catch { /* private mode */ }
refresh();
