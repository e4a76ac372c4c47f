-- Monitoring, messages, coaching reviews.
SELECT 1;
