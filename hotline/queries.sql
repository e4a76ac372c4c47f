-- Statements that look across features; only the composition root may.

-- name: unaccounted
-- Conservation: answered calls without a ticket or a recording row, ended calls without an outcome.
SELECT (SELECT count(*) FROM calls c WHERE c.answered_at IS NOT NULL AND c.answered_at < to_timestamp($1::float8)
            AND NOT EXISTS (SELECT FROM tickets t WHERE t.call_id = c.call_id))
     + (SELECT count(*) FROM calls c WHERE c.answered_at IS NOT NULL AND c.answered_at < to_timestamp($1::float8)
            AND NOT EXISTS (SELECT FROM recordings r WHERE r.call_id = c.call_id))
     + (SELECT count(*) FROM calls c WHERE c.ended_at IS NULL AND c.arrived_at < to_timestamp($1::float8)
            AND NOT c.call_id = ANY ($2::uuid[]));
