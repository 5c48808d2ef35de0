-- Whether the prices of an exchange came from its stream at the last success.
alter table exchanges add column streaming boolean not null default false;
