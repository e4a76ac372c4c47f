-- Outbox and deliveries of webhooks.
SELECT 1;
