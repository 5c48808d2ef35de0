-- Why a rule that is active is left out by those who judge, for people; null: it is not.
alter table rules add column left_out text;

-- Of the first check of its feed: when it was seen says nothing of how late that was.
alter table articles add column initial boolean not null default false;
