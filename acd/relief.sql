-- Overflow, announcements, surge notices. The first group goes through the ordered writer: each may be carried out
-- twice; times are seconds since the epoch.

-- name: call_overflowed
-- The call left a queue; where it went to another one, that is where it waits now.
WITH noted AS (
    INSERT INTO overflows (call_id, from_queue, to_queue, cause, relief, waited_s, at)
    VALUES ($1::uuid, $2::text, $3::text, $4::text, $5::text, $6::float8, to_timestamp($7::float8))
    ON CONFLICT (call_id, at, from_queue) DO NOTHING
)
UPDATE calls SET queue = $3::text WHERE call_id = $1::uuid AND queue = $2::text AND $3::text IS NOT NULL;

-- name: wait_announced
-- The caller was told about place and wait.
INSERT INTO wait_announcements (call_id, at, queue, position, low_s, expected_s, high_s)
VALUES ($1::uuid, to_timestamp($2::float8), $3::text, $4::integer, $5::float8, $6::float8, $7::float8)
ON CONFLICT (call_id, at) DO NOTHING;

-- name: estimate_proved
-- What came of the first expected wait.
INSERT INTO wait_estimates (call_id, queue, expected_s, waited_s, within, at)
VALUES ($1::uuid, $2::text, $3::float8, $4::float8, $5::boolean, to_timestamp($6::float8))
ON CONFLICT (call_id) DO NOTHING;

-- name: open_overflows
-- Overflows of calls without an outcome, in order: a restart must not send them back.
SELECT o.call_id::text AS call_id, o.from_queue, o.to_queue, extract(epoch FROM o.at)::float8 AS at
FROM overflows o JOIN calls c USING (call_id)
WHERE c.ended_at IS NULL ORDER BY o.at;

-- name: notices_in_force
-- Surge notices that are neither withdrawn nor over.
SELECT id, scope, text, sound, extract(epoch FROM since)::float8 AS since, extract(epoch FROM until)::float8 AS until,
       set_by
FROM surge_notices
WHERE withdrawn_at IS NULL AND until > to_timestamp($1::float8) ORDER BY scope;

-- name: withdraw_notice
-- The scope has no notice any more.
UPDATE surge_notices SET withdrawn_at = to_timestamp($2::float8), withdrawn_by = $3::text
WHERE scope = $1::text AND withdrawn_at IS NULL
RETURNING id, until > to_timestamp($2::float8) AS in_force;

-- name: set_notice
-- A new one; the one before has been withdrawn in the same transaction.
INSERT INTO surge_notices (scope, text, sound, since, until, set_by)
VALUES ($1::text, $2::text, $3::text, to_timestamp($4::float8), to_timestamp($5::float8), $6::text)
RETURNING id;

-- name: audit_notice
-- Who did it.
INSERT INTO audit (actor, action, object, detail)
VALUES ($1::text, $2::text, 'surge_notice:' || $3::text, $4::jsonb);

-- name: handle_times
-- What the latest calls of each queue ($1 of each, of the last four hours before $2) have cost of an agent: from the
-- ring to the end of the wrap-up, oldest first. The same moments as acd.staffing takes.
WITH answered AS (
    SELECT call_id, queue, agent_id, arrived_at, answered_at, talk_ended_at,
           row_number() OVER (PARTITION BY queue ORDER BY talk_ended_at DESC) AS latest
      FROM calls
     WHERE arrived_at > to_timestamp($2::float8) - interval '4 hours'
       AND talk_ended_at IS NOT NULL AND agent_id IS NOT NULL
)
SELECT queue, extract(epoch FROM over.at - began.at)::float8 AS seconds
  FROM answered
  JOIN LATERAL (SELECT min(s.at) AS at FROM agent_states s
                 WHERE s.agent_id = answered.agent_id AND s.call_id = answered.call_id
                   AND s.at BETWEEN answered.arrived_at AND answered.answered_at + interval '1 second'
                   AND s.to_state IN ('RINGING', 'TALKING', 'OUTBOUND')) began ON began.at IS NOT NULL
  JOIN LATERAL (SELECT min(s.at) AS at FROM agent_states s
                 WHERE s.agent_id = answered.agent_id AND s.at >= answered.talk_ended_at
                   AND s.to_state NOT IN ('RINGING', 'TALKING', 'OUTBOUND', 'WRAP_UP')) over ON over.at IS NOT NULL
 WHERE latest <= $1::int AND over.at > began.at
 ORDER BY over.at;
