-- name: calls
-- Calls of a span, and those that the journal names, with what belongs to them.
SELECT c.call_id::text, c.direction = 'outbound' AS outbound, c.phone, c.outcome, c.cause,
       extract(epoch FROM c.arrived_at)::float8 AS arrived_at, extract(epoch FROM c.answered_at)::float8 AS answered_at,
       extract(epoch FROM c.ended_at)::float8 AS ended_at,
       c.ticket_id IS NOT NULL OR EXISTS (SELECT FROM tickets t WHERE t.call_id = c.call_id) AS has_ticket,
       EXISTS (SELECT FROM recordings r WHERE r.call_id = c.call_id) AS has_recording,
       EXISTS (SELECT FROM abandoned_calls a WHERE a.call_id = c.call_id) AS to_ring_back
FROM calls c
WHERE (c.arrived_at >= to_timestamp($1::float8) AND c.arrived_at < to_timestamp($2::float8))
   OR c.call_id = ANY ($3::uuid[]);
