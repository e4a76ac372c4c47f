-- Break reasons, and the day of agents out of rows of states and calls. Times are seconds since the epoch.

-- name: break_reasons
-- All of them, those in use first.
SELECT code, title_zh, title_en, allowance_s, each_s, period, productive, is_default, version,
       retired_at IS NOT NULL AS retired
FROM break_reasons ORDER BY retired, is_default DESC, code;

-- name: break_lock
-- One change after the other.
SELECT pg_advisory_xact_lock(123450011);

-- name: break_created
-- A new reason; nothing when the code is in use.
INSERT INTO break_reasons (code, title_zh, title_en, allowance_s, each_s, period, productive, is_default)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (code) DO NOTHING RETURNING version;

-- name: break_no_default
-- Another reason becomes the default one.
UPDATE break_reasons SET is_default = false, version = version + 1 WHERE is_default AND code <> $1;

-- name: break_changed
-- Other values, if nobody else has changed the reason meanwhile; one that was retired is in use again.
UPDATE break_reasons SET title_zh = $3, title_en = $4, allowance_s = $5, each_s = $6, period = $7, productive = $8,
                         is_default = $9, retired_at = NULL, version = version + 1
WHERE code = $1 AND version = $2 RETURNING version;

-- name: break_retired
-- Not offered any more; the rows of states keep the code.
UPDATE break_reasons SET retired_at = now(), version = version + 1
WHERE code = $1 AND retired_at IS NULL RETURNING version;

-- name: break_audit
-- What was changed.
INSERT INTO audit (actor, action, object, detail) VALUES ($1, $2, 'break_reason:' || $3::text, $4::jsonb);

-- name: break_rows
-- Everybody's comings, goings and breaks from a moment on, for the allowances in memory.
SELECT agent_id, to_state, reason, cause, call_id::text AS call_id, extract(epoch FROM at)::float8 AS at
FROM agent_states
WHERE at >= to_timestamp($1::float8) AND (from_state IN ('BREAK', 'OFFLINE') OR to_state IN ('BREAK', 'OFFLINE'))
ORDER BY agent_id, seq;

-- name: rows_of
-- The states of some agents between two moments, and the one that each was in at the first.
SELECT * FROM (
    SELECT s.agent_id, s.to_state, s.reason, s.cause, s.call_id::text AS call_id,
           extract(epoch FROM s.at)::float8 AS at, s.seq
    FROM agent_states s
    WHERE s.agent_id = ANY ($1::bigint[]) AND s.at >= to_timestamp($2::float8) AND s.at < to_timestamp($3::float8)
    UNION ALL
    SELECT a.id, b.to_state, b.reason, b.cause, b.call_id::text, extract(epoch FROM b.at)::float8, b.seq
    FROM unnest($1::bigint[]) AS a (id)
    CROSS JOIN LATERAL (SELECT * FROM agent_states x WHERE x.agent_id = a.id AND x.at < to_timestamp($2::float8)
                        ORDER BY x.seq DESC LIMIT 1) b
) r ORDER BY agent_id, seq;

-- name: contacts_of
-- Parts of talks that began between two moments: how many calls, how long, and how long of it on hold.
SELECT s.agent_id, count(DISTINCT s.call_id) FILTER (WHERE c.direction = 'inbound') AS inbound,
       count(DISTINCT s.call_id) FILTER (WHERE c.direction = 'outbound') AS outbound,
       coalesce(sum(extract(epoch FROM coalesce(s.ended_at, to_timestamp($4::float8)) - s.started_at)), 0)::float8
           AS contact_s,
       coalesce(sum((SELECT sum(extract(epoch FROM least(coalesce(m.ended_at, to_timestamp($4::float8)),
                                                         coalesce(s.ended_at, to_timestamp($4::float8)))
                                                   - greatest(m.started_at, s.started_at)))
                     FROM call_marks m
                     WHERE m.call_id = s.call_id AND m.kind = 'hold' AND m.agent_id = s.agent_id
                       AND m.started_at < coalesce(s.ended_at, to_timestamp($4::float8))
                       AND coalesce(m.ended_at, to_timestamp($4::float8)) > s.started_at)), 0)::float8 AS hold_s
FROM call_segments s JOIN calls c USING (call_id)
WHERE s.kind = 'agent' AND s.agent_id = ANY ($1::bigint[])
  AND s.started_at >= to_timestamp($2::float8) AND s.started_at < to_timestamp($3::float8)
GROUP BY s.agent_id;

-- name: people_of_a_day
-- Whoever was at a phone between two moments, by id, from a cursor on.
SELECT DISTINCT a.id, a.login, a.display_name FROM accounts a JOIN seats s ON s.agent_id = a.id
WHERE a.id > $1 AND s.since < to_timestamp($3::float8) AND coalesce(s.until > to_timestamp($2::float8), true)
ORDER BY a.id LIMIT $4;

-- name: person
-- One account.
SELECT id, login, display_name FROM accounts WHERE id = $1;

-- name: other_sessions
-- How many browsers of the same person are logged in beside this one.
SELECT count(*) FROM sessions
WHERE account_id = $1 AND token_hash <> $2 AND revoked_at IS NULL AND expires_at > to_timestamp($3::float8);
