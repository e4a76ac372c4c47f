-- Flags on calls, the stress room, awards, appeals.
SELECT 1;
