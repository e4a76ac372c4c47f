-- Statements of the call path. Each may be carried out twice without harm; times are seconds since the epoch.

-- name: call_offered
-- A call came in.
INSERT INTO calls (call_id, uniqueid, caller, dialled, queue, arrived_at)
VALUES ($1::uuid, $2::text, $3::text, $4::text, $5::text, to_timestamp($6::float8))
ON CONFLICT (call_id) DO NOTHING;

-- name: call_placed
-- Its priority and place; later ones of the same call count, and rows are written in order.
UPDATE calls SET priority = $2::text, place_at = to_timestamp($3::float8) WHERE call_id = $1::uuid;

-- name: call_queued
-- It began to wait.
UPDATE calls SET queued_at = coalesce(queued_at, to_timestamp($2::float8)),
                 notice_at = coalesce(notice_at, to_timestamp($3::float8))
WHERE call_id = $1::uuid;

-- name: call_used_fallback
-- The native queue had it.
UPDATE calls SET fallback_at = coalesce(fallback_at, to_timestamp($2::float8)) WHERE call_id = $1::uuid;

-- name: offer_started
-- It was offered to an agent.
INSERT INTO offers (offer_id, call_id, agent_id, phone, at)
VALUES ($1::bigint, $2::uuid, $3::bigint, $4::text, to_timestamp($5::float8))
ON CONFLICT (offer_id) DO NOTHING;

-- name: offer_ended
-- That offer ended.
UPDATE offers SET result = $2::text, ended_at = to_timestamp($3::float8)
WHERE offer_id = $1::bigint AND result IS NULL;

-- name: talk_started
-- It reached an agent.
UPDATE calls SET answered_at = to_timestamp($2::float8), agent_id = $3::bigint, phone = $4::text,
                 queued_at = coalesce(queued_at, to_timestamp($5::float8))
WHERE call_id = $1::uuid AND answered_at IS NULL;

-- name: talk_ended
-- The talk is over.
UPDATE calls SET talk_ended_at = to_timestamp($2::float8) WHERE call_id = $1::uuid AND talk_ended_at IS NULL;

-- name: call_finished
-- Its one outcome.
UPDATE calls SET outcome = $2::text, cause = $3::text, ended_at = to_timestamp($4::float8)
WHERE call_id = $1::uuid AND ended_at IS NULL;

-- name: call_abandoned
-- The list for ringing back.
INSERT INTO abandoned_calls (call_id, caller, dialled, queue, stage, waited_s, at)
VALUES ($1::uuid, $2::text, $3::text, $4::text, $5::text, $6::float8, to_timestamp($7::float8))
ON CONFLICT (call_id) DO NOTHING;

-- name: call_rated
-- The caller's rating; the first one counts.
UPDATE calls SET rating = $2::smallint WHERE call_id = $1::uuid AND rating IS NULL;

-- name: open_calls
-- Calls without an outcome: restored into memory after a restart.
SELECT call_id::text, uniqueid, caller, dialled, queue, extract(epoch FROM arrived_at)::float8 AS arrived_at,
       priority, extract(epoch FROM coalesce(place_at, arrived_at))::float8 AS place_at,
       extract(epoch FROM notice_at)::float8 AS notice_at, extract(epoch FROM queued_at)::float8 AS queued_at,
       extract(epoch FROM fallback_at)::float8 AS fallback_at,
       extract(epoch FROM answered_at)::float8 AS answered_at, agent_id, phone,
       extract(epoch FROM talk_ended_at)::float8 AS talk_ended_at, direction
FROM calls WHERE ended_at IS NULL ORDER BY arrived_at;

-- name: running_offers
-- Offers without a result, of calls without an outcome.
SELECT o.offer_id, o.call_id::text AS call_id, o.agent_id, o.phone
FROM offers o JOIN calls c USING (call_id)
WHERE o.result IS NULL AND c.ended_at IS NULL AND c.answered_at IS NULL ORDER BY o.offer_id;

-- name: void_offers
-- Offers that an earlier run left without a result although their call is over.
UPDATE offers o SET result = 'withdrawn', ended_at = c.ended_at
FROM calls c WHERE c.call_id = o.call_id AND c.ended_at IS NOT NULL AND o.result IS NULL;

-- name: recently_finished
-- The newest calls that have their outcome, so that the journal does not bring them back.
SELECT call_id::text FROM (
    SELECT call_id, ended_at FROM calls WHERE ended_at IS NOT NULL ORDER BY arrived_at DESC LIMIT $1::int
) newest ORDER BY ended_at;

-- name: callers_remembered
-- The newest ended calls of callers with a number: who gave up with which place, who talked to whom.
SELECT * FROM (
    SELECT caller, queue, agent_id, answered_at IS NOT NULL AS talked,
           outcome = 'abandoned' AND queued_at IS NOT NULL AND direction = 'inbound' AS gave_up,
           extract(epoch FROM coalesce(place_at, arrived_at))::float8 AS place_at,
           extract(epoch FROM coalesce(talk_ended_at, ended_at))::float8 AS at
    FROM calls WHERE ended_at IS NOT NULL AND caller <> '' ORDER BY arrived_at DESC LIMIT $1::int
) newest ORDER BY at;

-- name: calls_taken
-- How many calls each seated agent has taken since the log-in.
SELECT s.agent_id, count(*)::int AS taken
FROM seats s JOIN calls c ON c.agent_id = s.agent_id AND c.answered_at >= s.since AND c.arrived_at >= s.since - interval '1 day'
WHERE s.until IS NULL GROUP BY s.agent_id;

-- name: call_exists
-- Whether there is such a call.
SELECT 1 FROM calls WHERE call_id = $1::uuid;

-- name: priority_changed
-- A supervisor gave a call another priority.
INSERT INTO audit (at, actor, action, object, detail)
VALUES (to_timestamp($1::float8), $2::text, 'call.priority', 'call:' || $3::text, $4::jsonb);

-- name: newest_known
-- The latest moment the record knows of: the journal is read from a little before it.
SELECT extract(epoch FROM max(arrived_at))::float8 FROM calls;

-- name: list_calls
-- Calls, newest first, from a cursor on.
SELECT c.call_id::text, c.queue, c.caller, c.dialled, c.outcome, c.cause, c.agent_id, c.rating, c.priority,
       extract(epoch FROM c.arrived_at)::float8 AS arrived_at, extract(epoch FROM c.queued_at)::float8 AS queued_at,
       extract(epoch FROM c.notice_at)::float8 AS notice_at, extract(epoch FROM c.fallback_at)::float8 AS fallback_at,
       extract(epoch FROM c.answered_at)::float8 AS answered_at,
       extract(epoch FROM c.talk_ended_at)::float8 AS talk_ended_at,
       extract(epoch FROM c.ended_at)::float8 AS ended_at,
       c.direction, coalesce(c.ticket_id, t.id) AS ticket_id, r.id::text AS recording_id, r.state AS recording_state
FROM calls c LEFT JOIN tickets t ON t.call_id = c.call_id LEFT JOIN recordings r ON r.call_id = c.call_id
WHERE ($1::text IS NULL OR c.queue = $1) AND ($2::text IS NULL OR c.outcome = $2)
  AND ($3::bigint IS NULL OR c.agent_id = $3
       OR EXISTS (SELECT FROM call_segments s WHERE s.call_id = c.call_id AND s.agent_id = $3))
  AND ($4::timestamptz IS NULL OR c.arrived_at >= $4) AND ($5::timestamptz IS NULL OR c.arrived_at < $5)
  AND ($6::timestamptz IS NULL OR (c.arrived_at, c.call_id) < ($6, $7::uuid))
  AND ($9::text IS NULL OR c.direction = $9) AND ($10::bigint IS NULL OR coalesce(c.ticket_id, t.id) = $10)
ORDER BY c.arrived_at DESC, c.call_id DESC LIMIT $8::int;

-- name: one_call
-- One call.
SELECT c.call_id::text, c.queue, c.caller, c.dialled, c.outcome, c.cause, c.agent_id, c.rating, c.priority,
       extract(epoch FROM c.arrived_at)::float8 AS arrived_at, extract(epoch FROM c.queued_at)::float8 AS queued_at,
       extract(epoch FROM c.notice_at)::float8 AS notice_at, extract(epoch FROM c.fallback_at)::float8 AS fallback_at,
       extract(epoch FROM c.answered_at)::float8 AS answered_at,
       extract(epoch FROM c.talk_ended_at)::float8 AS talk_ended_at,
       extract(epoch FROM c.ended_at)::float8 AS ended_at,
       c.direction, coalesce(c.ticket_id, t.id) AS ticket_id, r.id::text AS recording_id, r.state AS recording_state
FROM calls c LEFT JOIN tickets t ON t.call_id = c.call_id LEFT JOIN recordings r ON r.call_id = c.call_id
WHERE c.call_id = $1::uuid;

-- name: call_offers
-- The offers of one call, in order.
SELECT offer_id, agent_id, result, extract(epoch FROM at)::float8 AS at, extract(epoch FROM ended_at)::float8 AS ended_at
FROM offers WHERE call_id = $1::uuid ORDER BY offer_id;

-- name: one_abandoned
-- One of them, for ringing back, with the latest call that answered it.
SELECT a.call_id::text, a.caller, a.dialled, a.queue, a.stage, a.waited_s, extract(epoch FROM a.at)::float8 AS at,
       b.agent_id AS rung_back_by, extract(epoch FROM b.arrived_at)::float8 AS rung_back_at,
       b.outcome AS ring_back_outcome
FROM abandoned_calls a
LEFT JOIN LATERAL (SELECT agent_id, arrived_at, outcome FROM calls c WHERE c.origin_call_id = a.call_id
                   ORDER BY c.arrived_at DESC LIMIT 1) b ON true
WHERE a.call_id = $1::uuid;

-- name: caller_shown
-- Somebody is about to be shown a caller's full number.
INSERT INTO audit (actor, action, object) VALUES ($1::text, 'call.caller_shown', 'call:' || $2::text);

-- name: list_abandoned
-- Callers who did not reach anybody, newest first.
SELECT a.call_id::text, a.caller, a.dialled, a.queue, a.stage, a.waited_s, extract(epoch FROM a.at)::float8 AS at,
       b.agent_id AS rung_back_by, extract(epoch FROM b.arrived_at)::float8 AS rung_back_at,
       b.outcome AS ring_back_outcome
FROM abandoned_calls a
LEFT JOIN LATERAL (SELECT agent_id, arrived_at, outcome FROM calls c WHERE c.origin_call_id = a.call_id
                   ORDER BY c.arrived_at DESC LIMIT 1) b ON true
WHERE ($1::timestamptz IS NULL OR (a.at, a.call_id) < ($1, $2::uuid))
ORDER BY a.at DESC, a.call_id DESC LIMIT $3::int;
