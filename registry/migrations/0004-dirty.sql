-- Stretches of time whose roll-ups do not fit the prices any more: prices came after the step had
-- been rolled up. One row for each five minutes, however often they are marked.
create table dirty_ranges (
  start_ms bigint primary key check (start_ms % 300000 = 0),
  -- Grows with each mark: what was marked again while it was worked on stays.
  version integer not null default 1,
  marked timestamptz not null default now(),
  leased_until timestamptz
);
