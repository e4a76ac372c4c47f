-- Retention, legal holds, keys of recordings.
SELECT 1;
