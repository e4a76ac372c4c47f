-- Conservation: what must exist because of how a call went. $1: rows younger than this moment may still be on their
-- way; $2: only calls that arrived from this moment on; $3: calls in memory; $4 to $8: acd.outcomes.OUTCOMES as columns.

-- name: violations
-- One row for each call and kind of what is missing; the kinds are hotline.conservation.KINDS.
WITH needs AS (
    SELECT * FROM unnest($4::text[], $5::text[], $6::boolean[], $7::boolean[], $8::boolean[])
        AS n (outcome, code, ticket, recording, ring_back)
), recent AS (
    SELECT c.call_id, c.direction, c.ticket_id, c.answered_at, c.ended_at, c.outcome, n.code,
           coalesce(n.ticket, false) OR c.answered_at < to_timestamp($1::float8) AS wants_ticket,
           coalesce(n.recording, false) OR c.answered_at < to_timestamp($1::float8) AS wants_recording,
           coalesce(n.ring_back, false) AND c.direction = 'inbound' AS wants_ring_back
    FROM calls c LEFT JOIN needs n ON n.outcome = c.outcome AND n.code = split_part(c.cause, ':', 1)
    WHERE c.arrived_at >= to_timestamp($2::float8)
), settled AS (
    SELECT * FROM recent WHERE ended_at < to_timestamp($1::float8) OR answered_at < to_timestamp($1::float8)
)
SELECT 'no_outcome' AS kind, call_id::text FROM calls
WHERE ended_at IS NULL AND arrived_at < to_timestamp($1::float8) AND NOT call_id = ANY ($3::uuid[])
UNION ALL
SELECT 'wrong_outcome', call_id::text FROM settled
WHERE ended_at IS NOT NULL AND (code IS NULL OR code = 'inconsistent')
UNION ALL
SELECT 'no_ticket', call_id::text FROM settled s
WHERE wants_ticket AND ticket_id IS NULL AND NOT EXISTS (SELECT FROM tickets t WHERE t.call_id = s.call_id)
UNION ALL
SELECT 'no_recording', call_id::text FROM settled s
WHERE wants_recording AND NOT EXISTS (SELECT FROM recordings r WHERE r.call_id = s.call_id)
UNION ALL
SELECT 'no_ring_back', call_id::text FROM settled s
WHERE wants_ring_back AND NOT EXISTS (SELECT FROM abandoned_calls a WHERE a.call_id = s.call_id)
UNION ALL
SELECT 'open_offer', s.call_id::text FROM settled s
WHERE ended_at IS NOT NULL AND EXISTS (SELECT FROM offers o WHERE o.call_id = s.call_id AND o.result IS NULL);

-- name: broken_chains
-- Rows of an agent's states that do not begin where the former one ended; the first one begins OFFLINE. $1: rows
-- from then on.
SELECT 'broken_state_chain' AS kind, 'agent:' || agent_id AS object FROM (
    SELECT agent_id, at, from_state,
           lag(to_state, 1, 'OFFLINE') OVER (PARTITION BY agent_id ORDER BY seq) AS before
    FROM agent_states
) s WHERE from_state <> before AND at >= to_timestamp($1::float8)
UNION ALL
SELECT 'state_without_cause', 'agent:' || agent_id FROM agent_states
WHERE cause = '' AND at >= to_timestamp($1::float8)
UNION ALL
SELECT 'seat_without_state', 'agent:' || s.agent_id FROM seats s
WHERE s.until IS NULL AND s.since >= to_timestamp($1::float8) AND coalesce((
    SELECT x.to_state FROM agent_states x WHERE x.agent_id = s.agent_id ORDER BY x.seq DESC LIMIT 1), 'OFFLINE') = 'OFFLINE';

-- name: contradictions
-- What no call and no agent can have done; a second of slack, because two clocks take part. $1: calls from then on.
WITH recent AS (SELECT * FROM calls WHERE arrived_at >= to_timestamp($1::float8)),
talks AS (
    SELECT s.* FROM call_segments s JOIN recent USING (call_id) WHERE s.kind = 'agent' AND s.agent_id IS NOT NULL
)
SELECT 'times_out_of_order' AS kind, call_id::text FROM recent
WHERE answered_at < arrived_at - interval '1 s' OR talk_ended_at < answered_at - interval '1 s'
   OR ended_at < greatest(arrived_at, answered_at, talk_ended_at) - interval '1 s'
UNION ALL
SELECT 'segment_outside_the_call', s.call_id::text FROM call_segments s JOIN recent c USING (call_id)
WHERE s.started_at < c.arrived_at - interval '1 s' OR s.ended_at > c.ended_at + interval '1 s'
UNION ALL
SELECT 'open_segment', s.call_id::text FROM call_segments s JOIN recent c USING (call_id)
WHERE c.ended_at IS NOT NULL AND s.ended_at IS NULL
UNION ALL
SELECT 'open_mark', m.call_id::text FROM call_marks m JOIN recent c USING (call_id)
WHERE c.ended_at IS NOT NULL AND m.ended_at IS NULL
UNION ALL
SELECT 'agent_in_two_calls', a.call_id::text FROM talks a JOIN talks b USING (agent_id)
WHERE a.call_id <> b.call_id AND a.started_at >= b.started_at
  AND a.started_at < coalesce(b.ended_at, 'infinity') - interval '1 s'
  AND b.started_at < coalesce(a.ended_at, 'infinity') - interval '1 s'
UNION ALL
SELECT 'no_call_back', c.call_id::text FROM recent c
WHERE c.outcome = 'called_back' AND NOT EXISTS (
    SELECT FROM callbacks b WHERE b.origin_call_id = c.call_id OR b.number = c.caller);
