-- The newest event of each kind that is not kept any more: who reads on from before it has missed
-- something, and is told so.
create table forgotten_events (
  kind text primary key,
  id bigint not null
);
