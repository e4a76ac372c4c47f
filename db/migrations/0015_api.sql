-- Idempotency keys.
SELECT 1;
