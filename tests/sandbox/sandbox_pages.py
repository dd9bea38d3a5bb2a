"""Two pages as an agent would write them for Run402: a guestbook without log-in, and notes behind one."""

from __future__ import annotations

GUESTBOOK_SQL = (
    "CREATE TABLE guestbook (id serial PRIMARY KEY, name text NOT NULL, message text NOT NULL,"
    " created_at timestamptz DEFAULT now())"
)
GUESTBOOK_EXPOSE = {
    "version": "1",
    "tables": [
        {
            "name": "guestbook",
            "expose": True,
            "policy": "public_read_write_UNRESTRICTED",
            "i_understand_this_is_unrestricted": True,
        }
    ],
}
NOTES_SQL = (
    "CREATE TABLE notes (id bigserial PRIMARY KEY, owner_id uuid NOT NULL, text varchar(200) NOT NULL,"
    " done boolean NOT NULL DEFAULT false, created_at timestamptz NOT NULL DEFAULT now())"
)
NOTES_EXPOSE = {
    "version": "1",
    "tables": [
        {
            "name": "notes",
            "expose": True,
            "policy": "user_owns_rows",
            "owner_column": "owner_id",
            "force_owner_on_insert": True,
        }
    ],
}

_GUESTBOOK = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Guestbook</title></head>
<body>
<h1>Guestbook</h1>
<form><input name="name" placeholder="Name"><input name="message" placeholder="Message"><button>Sign</button></form>
<ul></ul>
<p id="problem"></p>
<script>
const API = '@API@', KEY = '@KEY@';
const list = document.querySelector('ul'), form = document.querySelector('form');

async function ask(path, options = {}) {
  const headers = { apikey: KEY, 'Content-Type': 'application/json', ...options.headers };
  const response = await fetch(API + '/rest/v1/' + path, { ...options, headers });
  const body = await response.json();
  if (!response.ok) throw new Error(body.message);
  return body;
}

function show(entry, place = 'beforeend') {
  const item = document.createElement('li');
  item.textContent = entry.name + ': ' + entry.message;
  item.dataset.at = entry.created_at;
  list.insertAdjacentElement(place, item);
}

form.addEventListener('submit', async event => {
  event.preventDefault();
  const values = Object.fromEntries(new FormData(form));
  try {
    const [entry] = await ask('guestbook', {
      method: 'POST', headers: { Prefer: 'return=representation' }, body: JSON.stringify(values),
    });
    show(entry, 'afterbegin');
    form.reset();
  } catch (error) { document.querySelector('#problem').textContent = error.message; }
});
ask('guestbook?select=name,message,created_at&order=id.desc&limit=50').then(rows => {
  rows.forEach(row => show(row));
  document.body.dataset.ready = rows.length;
});
</script>
</body></html>
"""

_NOTES = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Notes</title></head>
<body>
<h1>Notes</h1>
<form id="login">
<input name="email" placeholder="E-mail"><input name="password" type="password" placeholder="Password">
<button value="signup">Sign up</button><button value="login">Log in</button>
<button value="google">Sign in with Google</button>
</form>
<p id="who"></p><p id="problem"></p>
<form id="add"><input name="text" placeholder="Note"><button>Add</button></form>
<ul></ul>
<button id="refresh">Refresh</button>
<script>
const API = '@API@', KEY = '@KEY@';
const at = selector => document.querySelector(selector);
let session = null;

async function ask(path, body, token, method) {
  const headers = { apikey: KEY, 'Content-Type': 'application/json', Prefer: 'return=representation' };
  if (token) headers.Authorization = 'Bearer ' + token;
  const options = { method: method || (body ? 'POST' : 'GET'), headers, body: body && JSON.stringify(body) };
  const response = await fetch(API + path, options);
  const answer = response.status === 204 ? null : await response.json();
  if (!response.ok) throw new Error(answer.code + ': ' + answer.message);
  return answer;
}

async function enter(found) {
  session = found;
  at('#who').textContent = 'Signed in as ' + (session.user.display_name || session.user.email);
  const rows = await ask('/rest/v1/notes?select=text,done&order=id', null, session.access_token);
  at('ul').replaceChildren(...rows.map(row => {
    const item = document.createElement('li');
    item.textContent = row.text + (row.done === false ? ' (open)' : '');
    return item;
  }));
}

function base64url(bytes) {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return text.replace(/[+]/g, '-').replace(/[/]/g, '_').replace(/=+$/, '');
}

async function google() {
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
  const challenge = base64url(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier)));
  localStorage.setItem('verifier', verifier);
  const { authorization_url } = await ask('/auth/v1/oauth/google/start', {
    redirect_url: location.origin + '/', mode: 'redirect', code_challenge: challenge, code_challenge_method: 'S256',
  });
  location.href = authorization_url;
}

async function comeBack() {
  const fields = new URLSearchParams(location.hash.slice(1));
  if (!fields.has('state')) return;
  history.replaceState(null, '', location.pathname);
  if (fields.has('error')) throw new Error(fields.get('error'));
  const code_verifier = localStorage.getItem('verifier');
  localStorage.removeItem('verifier');
  await enter(await ask('/auth/v1/token?grant_type=authorization_code', { code: fields.get('code'), code_verifier }));
}

const guarded = work => work().catch(error => { at('#problem').textContent = error.message; });

at('#login').addEventListener('submit', event => {
  event.preventDefault();
  at('#problem').textContent = '';
  const kind = event.submitter.value, values = Object.fromEntries(new FormData(at('#login')));
  guarded(async () => {
    if (kind === 'google') return google();
    if (kind === 'signup') await ask('/auth/v1/signup', values);
    await enter(await ask('/auth/v1/token?grant_type=password', values));
  });
});
at('#add').addEventListener('submit', event => {
  event.preventDefault();
  guarded(async () => {
    await ask('/rest/v1/notes', Object.fromEntries(new FormData(at('#add'))), session && session.access_token);
    at('#add').reset();
    await enter(session);
  });
});
at('#refresh').addEventListener('click', () => guarded(async () => enter(
  await ask('/auth/v1/token?grant_type=refresh_token', { refresh_token: session.refresh_token }))));
guarded(comeBack);
</script>
</body></html>
"""


def guestbook_page(api: str, anon_key: str) -> bytes:
    return _GUESTBOOK.replace("@API@", api).replace("@KEY@", anon_key).encode()


def notes_page(api: str, anon_key: str) -> bytes:
    return _NOTES.replace("@API@", api).replace("@KEY@", anon_key).encode()
