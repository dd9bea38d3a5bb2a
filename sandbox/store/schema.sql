-- Times are unix seconds, money is USDC micros, JSON columns are text.

CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS accounts (
  address TEXT PRIMARY KEY,
  tier TEXT,
  lease_started_at REAL,
  lease_expires_at REAL,
  credit_micros INTEGER NOT NULL DEFAULT 0 CHECK (credit_micros >= 0)
);

-- What changed a prepaid balance, as the gateway tells it in its ledger.
CREATE TABLE IF NOT EXISTS entries (
  id TEXT PRIMARY KEY,
  number INTEGER NOT NULL UNIQUE,
  address TEXT NOT NULL,
  direction TEXT NOT NULL,
  kind TEXT NOT NULL,
  micros INTEGER NOT NULL,
  balance_after INTEGER NOT NULL,
  reference TEXT NOT NULL,
  created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS entries_by_address ON entries (address, number);

CREATE TABLE IF NOT EXISTS checkouts (
  id TEXT PRIMARY KEY,
  secret TEXT NOT NULL UNIQUE,
  address TEXT NOT NULL,
  tier TEXT,
  micros INTEGER NOT NULL,
  success_url TEXT,
  cancel_url TEXT,
  created_at REAL NOT NULL,
  expires_at REAL NOT NULL,
  paid_at REAL
);

CREATE TABLE IF NOT EXISTS balances (
  address TEXT PRIMARY KEY,
  micros INTEGER NOT NULL CHECK (micros >= 0)
);

CREATE TABLE IF NOT EXISTS transfers (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  transaction_hash TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  sender TEXT NOT NULL,
  recipient TEXT NOT NULL,
  micros INTEGER NOT NULL,
  created_at REAL NOT NULL
);

CREATE TABLE IF NOT EXISTS authorizations (
  payer TEXT NOT NULL,
  nonce TEXT NOT NULL,
  header_sha256 TEXT NOT NULL,
  scope TEXT NOT NULL,
  idempotency_key TEXT,
  transaction_hash TEXT NOT NULL,
  PRIMARY KEY (payer, nonce)
);

CREATE TABLE IF NOT EXISTS answers (
  scope TEXT NOT NULL,
  principal TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  status INTEGER NOT NULL,
  headers TEXT NOT NULL,
  body BLOB NOT NULL,
  created_at REAL NOT NULL,
  PRIMARY KEY (scope, principal, key)
);

CREATE TABLE IF NOT EXISTS proofs (
  address TEXT NOT NULL,
  nonce TEXT NOT NULL,
  uri TEXT NOT NULL,
  expires_at REAL NOT NULL,
  PRIMARY KEY (address, nonce)
);

CREATE TABLE IF NOT EXISTS projects (
  id TEXT PRIMARY KEY,
  number INTEGER NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  anon_key TEXT NOT NULL UNIQUE,
  service_key TEXT NOT NULL UNIQUE,
  active_release_id TEXT,
  generation INTEGER NOT NULL DEFAULT 0,
  api_calls INTEGER NOT NULL DEFAULT 0,
  created_at REAL NOT NULL,
  deleted_at REAL
);
CREATE INDEX IF NOT EXISTS projects_by_owner ON projects (owner, created_at);

CREATE TABLE IF NOT EXISTS secrets (
  project_id TEXT NOT NULL REFERENCES projects (id),
  key TEXT NOT NULL,
  created_at REAL NOT NULL,
  updated_at REAL NOT NULL,
  PRIMARY KEY (project_id, key)
);

-- What can be called now; releases keep the functions they brought in their own state.
CREATE TABLE IF NOT EXISTS functions (
  project_id TEXT NOT NULL REFERENCES projects (id),
  name TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at REAL NOT NULL,
  updated_at REAL NOT NULL,
  PRIMARY KEY (project_id, name)
);

CREATE TABLE IF NOT EXISTS function_logs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  request_id TEXT NOT NULL,
  message TEXT NOT NULL,
  at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS function_logs_by_name ON function_logs (project_id, name, id);

CREATE TABLE IF NOT EXISTS assets (
  project_id TEXT NOT NULL REFERENCES projects (id),
  key TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  size INTEGER NOT NULL,
  content_type TEXT NOT NULL,
  visibility TEXT NOT NULL,
  immutable INTEGER NOT NULL,
  metadata TEXT,
  created_at REAL NOT NULL,
  PRIMARY KEY (project_id, key)
);

-- Lasting addresses, which go on when their asset is overwritten.
CREATE TABLE IF NOT EXISTS asset_versions (
  project_id TEXT NOT NULL REFERENCES projects (id),
  key TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  content_type TEXT NOT NULL,
  PRIMARY KEY (project_id, key)
);

-- Apart from the names, so that no listing can read a value by mistake.
CREATE TABLE IF NOT EXISTS secret_values (
  project_id TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (project_id, key)
);

-- Which project may refer to which bytes; the bytes themselves are shared.
CREATE TABLE IF NOT EXISTS project_blobs (
  project_id TEXT NOT NULL REFERENCES projects (id),
  sha256 TEXT NOT NULL,
  size INTEGER NOT NULL,
  PRIMARY KEY (project_id, sha256)
);

CREATE TABLE IF NOT EXISTS content_plans (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES projects (id),
  expires_at REAL NOT NULL,
  committed_at REAL
);

CREATE TABLE IF NOT EXISTS content_parts (
  plan_id TEXT NOT NULL REFERENCES content_plans (id),
  sha256 TEXT NOT NULL,
  part_number INTEGER NOT NULL,
  size INTEGER NOT NULL,
  byte_start INTEGER NOT NULL,
  byte_end INTEGER NOT NULL,
  received_sha256 TEXT,
  PRIMARY KEY (plan_id, sha256, part_number)
);

CREATE TABLE IF NOT EXISTS plans (
  id TEXT PRIMARY KEY,
  operation_id TEXT NOT NULL,
  project_id TEXT NOT NULL REFERENCES projects (id),
  base_release_id TEXT,
  spec_digest TEXT NOT NULL,
  idempotency_key TEXT,
  target TEXT NOT NULL,
  answer TEXT NOT NULL,
  created_at REAL NOT NULL,
  expires_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS plans_by_key ON plans (project_id, idempotency_key);

CREATE TABLE IF NOT EXISTS operations (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  project_id TEXT NOT NULL REFERENCES projects (id),
  plan_id TEXT,
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  base_release_id TEXT,
  target_release_id TEXT,
  release_id TEXT,
  urls TEXT,
  error TEXT,
  knobs TEXT NOT NULL DEFAULT '{}',
  activate_attempts INTEGER NOT NULL DEFAULT 0,
  last_activate_attempt_at REAL,
  due_at REAL,
  created_at REAL NOT NULL,
  updated_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS operations_due ON operations (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS operations_by_project ON operations (project_id, number);

CREATE TABLE IF NOT EXISTS events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  operation_id TEXT NOT NULL REFERENCES operations (id),
  body TEXT NOT NULL,
  created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS events_by_operation ON events (operation_id, id);

CREATE TABLE IF NOT EXISTS releases (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES projects (id),
  parent_id TEXT,
  status TEXT NOT NULL,
  generation INTEGER,
  deployment_id TEXT NOT NULL UNIQUE,
  manifest_digest TEXT NOT NULL,
  operation_id TEXT NOT NULL,
  plan_id TEXT,
  state TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at REAL NOT NULL,
  activated_at REAL,
  superseded_at REAL
);
CREATE INDEX IF NOT EXISTS releases_by_project ON releases (project_id, created_at);

CREATE TABLE IF NOT EXISTS subdomains (
  name TEXT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES projects (id),
  release_id TEXT NOT NULL REFERENCES releases (id),
  created_at REAL NOT NULL,
  updated_at REAL NOT NULL
);

CREATE TABLE IF NOT EXISTS knobs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  method TEXT NOT NULL,
  path TEXT NOT NULL,
  kind TEXT NOT NULL,
  remaining INTEGER NOT NULL,
  arguments TEXT NOT NULL
);

-- Runs of jobs; a status here is what the clock made of it when somebody last looked.
CREATE TABLE IF NOT EXISTS jobs (
  id TEXT PRIMARY KEY,
  number INTEGER NOT NULL UNIQUE,
  project_id TEXT NOT NULL REFERENCES projects (id),
  owner TEXT NOT NULL,
  job_type TEXT NOT NULL,
  input TEXT NOT NULL,
  most_micros INTEGER NOT NULL,
  knob TEXT NOT NULL,
  status TEXT NOT NULL,
  cost_micros INTEGER,
  created_at REAL NOT NULL,
  starts_at REAL NOT NULL,
  ends_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS jobs_open ON jobs (owner, number) WHERE status IN ('queued', 'running');
