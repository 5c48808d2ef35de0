-- Keys of the API that are made while it runs. A name means one key for ever, so that what was done
-- with it can be told; of the secret there is its digest alone.
create table api_keys (
  id bigint generated always as identity primary key,
  name text not null unique,
  role text not null check (role in ('read', 'write', 'admin')),
  -- The begin of the secret, by which people tell one from another.
  prefix text not null unique,
  -- SHA-256 of the whole secret, in hex.
  hash text not null unique,
  -- Requests a second; 0: as many as come, null: what the setting says.
  rate double precision check (rate >= 0),
  note text,
  created timestamptz not null default now(),
  created_by text not null,
  -- By the clock of the database. Null: never.
  expires_ms bigint,
  revoked timestamptz,
  revoked_by text,
  -- Within a minute or so.
  last_used timestamptz
);

create index api_keys_there on api_keys (id) where revoked is null;

-- Who changed what, or was refused to: requests other than reads, and commands.
create table audit (
  id bigint generated always as identity primary key,
  -- When it came.
  at timestamptz not null,
  -- Name of the key, or `anybody` where there was none; null: nobody that is known.
  key text,
  role text,
  method text not null,
  -- The operation.
  route text not null,
  path text not null,
  -- Null: a command.
  status integer,
  request text,
  address text,
  took_ms double precision
);

create index audit_at on audit (at);
create index audit_key on audit (key, id);
create index audit_route on audit (route, id);
