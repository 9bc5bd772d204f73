-- When we took a message back: from then on it stands in no Message Center, and nobody can
-- restore it. It counts as deleted, too.
ALTER TABLE mailbox ADD COLUMN withdrawn_at bigint;
