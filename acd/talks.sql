-- Statements about what happens inside a talk. The first group goes through the ordered writer: each may be carried
-- out twice without harm; times are seconds since the epoch.

-- name: segment_started
-- Somebody joined the citizen's talk.
INSERT INTO call_segments (call_id, number, kind, agent_id, phone, began, started_at, record_from)
VALUES ($1::uuid, $2::integer, $3::text, $4::bigint, $5::text, $6::text, to_timestamp($7::float8), $8::float8)
ON CONFLICT (call_id, number) DO NOTHING;

-- name: segment_ended
-- He left it.
UPDATE call_segments SET ended = $3::text, ended_at = to_timestamp($4::float8), record_to = greatest($5::float8, record_from)
WHERE call_id = $1::uuid AND number = $2::integer AND ended_at IS NULL;

-- name: mark_began
-- A hold, consultation, mute or pause of the recording began.
INSERT INTO call_marks (call_id, kind, started_at, agent_id, record_from)
VALUES ($1::uuid, $2::text, to_timestamp($3::float8), $4::bigint, $5::float8)
ON CONFLICT (call_id, kind, started_at) DO NOTHING;

-- name: mark_ended
-- It ended.
UPDATE call_marks SET ended_at = to_timestamp($4::float8), record_to = $5::float8
WHERE call_id = $1::uuid AND kind = $2::text AND started_at = to_timestamp($3::float8) AND ended_at IS NULL;

-- name: call_moved
-- An agent sent the call to another queue.
UPDATE calls SET queue = $2::text WHERE call_id = $1::uuid;

-- name: emergency_called
-- An agent brought an emergency service into the talk.
WITH called AS (
    INSERT INTO emergencies (call_id, number, service, note, agent_id, at)
    VALUES ($1::uuid, $2::integer, $3::text, $4::text, $5::bigint, to_timestamp($6::float8))
    ON CONFLICT (call_id, number) DO NOTHING RETURNING call_id, number, service, agent_id
)
INSERT INTO audit (actor, action, object, detail)
SELECT 'account:' || agent_id, 'emergency.called', 'call:' || call_id,
       jsonb_build_object('number', number, 'service', service)
FROM called;

-- name: emergency_reached
-- It answered.
UPDATE emergencies SET reached_at = coalesce(reached_at, to_timestamp($3::float8))
WHERE call_id = $1::uuid AND number = $2::integer;

-- name: emergency_over
-- Its leg is gone.
UPDATE emergencies SET ended_at = coalesce(ended_at, to_timestamp($3::float8))
WHERE call_id = $1::uuid AND number = $2::integer;

-- name: open_talks
-- Segments of calls without an outcome, in order: what a restart needs back.
SELECT s.call_id::text, s.number, s.kind, s.agent_id, s.phone, extract(epoch FROM s.started_at)::float8 AS started_at,
       extract(epoch FROM s.ended_at)::float8 AS ended_at, s.record_from, s.record_to,
       (SELECT count(*) FROM emergencies e WHERE e.call_id = s.call_id)::integer AS emergencies
FROM call_segments s JOIN calls c USING (call_id)
WHERE c.ended_at IS NULL ORDER BY s.call_id, s.number;

-- name: open_marks
-- Marks of calls without an outcome, in order.
SELECT m.call_id::text, m.kind, extract(epoch FROM m.started_at)::float8 AS started_at,
       extract(epoch FROM m.ended_at)::float8 AS ended_at, m.record_from, m.record_to
FROM call_marks m JOIN calls c USING (call_id)
WHERE c.ended_at IS NULL ORDER BY m.call_id, m.started_at, m.ended_at NULLS LAST;

-- name: call_segments
-- The segments of one call, in order.
SELECT number, kind, agent_id, phone, began, ended, extract(epoch FROM started_at)::float8 AS started_at,
       extract(epoch FROM ended_at)::float8 AS ended_at, record_from, record_to
FROM call_segments WHERE call_id = $1::uuid ORDER BY number;

-- name: call_marks
-- The marks of one call, in order.
SELECT kind, agent_id, extract(epoch FROM started_at)::float8 AS started_at,
       extract(epoch FROM ended_at)::float8 AS ended_at, record_from, record_to
FROM call_marks WHERE call_id = $1::uuid ORDER BY started_at, kind;

-- name: call_emergencies
-- The emergencies of one call, in order.
SELECT number, service, note, agent_id, extract(epoch FROM at)::float8 AS at,
       extract(epoch FROM reached_at)::float8 AS reached_at, extract(epoch FROM ended_at)::float8 AS ended_at,
       outcome, outcome_by, extract(epoch FROM outcome_at)::float8 AS outcome_at
FROM emergencies WHERE call_id = $1::uuid ORDER BY number;

-- name: talked_in
-- Whether somebody took part in a call.
SELECT EXISTS (SELECT FROM call_segments WHERE call_id = $1::uuid AND agent_id = $2::bigint);

-- name: record_outcome
-- What came of an emergency; said again it replaces what was said.
WITH told AS (
    UPDATE emergencies SET outcome = $3::text, outcome_by = $4::bigint, outcome_at = now()
    WHERE call_id = $1::uuid AND number = $2::integer RETURNING call_id, number, service
)
INSERT INTO audit (actor, action, object, detail)
SELECT 'account:' || $4::bigint, 'emergency.outcome', 'call:' || call_id,
       jsonb_build_object('number', number, 'service', service)
FROM told RETURNING object;

-- name: agent_of_login
-- Whom a login is.
SELECT id FROM accounts WHERE login = $1::text AND active;
