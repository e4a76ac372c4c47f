-- The chain of audit rows.
SELECT 1;
