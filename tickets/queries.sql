-- Statements about tickets and recordings. The first group goes through the ordered writer: each may be carried
-- out twice, late or again after a restart without harm; times are seconds since the epoch.

-- name: open_ticket
-- The agent answered: a draft, and the recording that is expected for it. A call that the centre placed about a
-- ticket opens no other one.
WITH ticket AS (
    INSERT INTO tickets (call_id, caller, dialled, queue, agent_id, arrived_at, answered_at, opened_at, updated_at)
    SELECT $1::uuid, $2::text, $3::text, $4::text, $5::bigint, to_timestamp($6::float8), to_timestamp($7::float8),
           to_timestamp($7::float8), to_timestamp($7::float8)
    WHERE NOT EXISTS (SELECT FROM calls c WHERE c.call_id = $1::uuid AND c.ticket_id IS NOT NULL)
    ON CONFLICT (call_id) DO NOTHING
)
INSERT INTO recordings (id, call_id, state, created_at)
VALUES ($8::uuid, $1::uuid, 'pending', to_timestamp($7::float8))
ON CONFLICT (call_id) DO NOTHING;

-- name: open_voicemail
-- The caller left a message: a draft that nobody has written in, and the recording that is expected for it.
WITH ticket AS (
    INSERT INTO tickets (call_id, source, caller, dialled, queue, arrived_at, opened_at, updated_at)
    VALUES ($1::uuid, 'voicemail', $2::text, $3::text, $4::text, to_timestamp($5::float8), to_timestamp($6::float8),
            to_timestamp($6::float8))
    ON CONFLICT (call_id) DO NOTHING
)
INSERT INTO recordings (id, call_id, state, created_at, note)
VALUES ($7::uuid, $1::uuid, 'pending', to_timestamp($6::float8), 'voicemail')
ON CONFLICT (call_id) DO NOTHING;

-- name: end_call
-- The talk is over. The earliest report counts, in whatever order they come. The version stays: this is no edit.
UPDATE tickets SET call_ended_at = to_timestamp($2::float8)
WHERE call_id = $1::uuid AND (call_ended_at IS NULL OR call_ended_at > to_timestamp($2::float8));

-- name: hand_over
-- The call was transferred: from now on the ticket is that agent's. The version stays: this is no edit.
UPDATE tickets SET agent_id = $2::bigint WHERE call_id = $1::uuid AND agent_id IS DISTINCT FROM $2::bigint;

-- name: end_calls
-- The same for finished calls since $1 whose end was never reported.
UPDATE tickets t SET call_ended_at = coalesce(c.talk_ended_at, c.ended_at)
FROM calls c
WHERE c.call_id = t.call_id AND c.arrived_at >= to_timestamp($1::float8) AND c.ended_at IS NOT NULL
  AND t.call_ended_at IS NULL;

-- name: close_recording
-- The recording's file is settled. Without its ticket nothing happens: it stays pending and is closed again later.
INSERT INTO recordings AS r (id, call_id, ticket_id, state, path_key, format, channels, sample_rate, duration_s,
                             size_bytes, sha256, note, created_at, closed_at)
SELECT $2::uuid, c.call_id, t.id, $3::text, $4::text, $5::text, $6::smallint, $7::integer, $8::float8,
       $9::bigint, $10::text, $11::text, coalesce(c.answered_at, t.opened_at), to_timestamp($12::float8)
FROM calls c JOIN tickets t ON t.call_id = c.call_id OR t.id = c.ticket_id
WHERE c.call_id = $1::uuid
ON CONFLICT (call_id) DO UPDATE
SET ticket_id = excluded.ticket_id, state = excluded.state, path_key = excluded.path_key, format = excluded.format,
    channels = excluded.channels, sample_rate = excluded.sample_rate, duration_s = excluded.duration_s,
    size_bytes = excluded.size_bytes, sha256 = excluded.sha256, note = excluded.note, closed_at = excluded.closed_at
WHERE r.state = 'pending';

-- name: answered_without_ticket
-- Answered calls since $1 that have no ticket or no recording row: what a fact that was never written leaves.
SELECT c.call_id, c.caller, c.dialled, c.queue, c.agent_id, extract(epoch FROM c.arrived_at)::float8 AS arrived_at,
       extract(epoch FROM c.answered_at)::float8 AS answered_at
FROM calls c
WHERE c.arrived_at >= to_timestamp($1::float8) AND c.answered_at IS NOT NULL
  AND (c.ticket_id IS NULL AND NOT EXISTS (SELECT FROM tickets t WHERE t.call_id = c.call_id)
       OR NOT EXISTS (SELECT FROM recordings r WHERE r.call_id = c.call_id))
ORDER BY c.arrived_at;

-- name: messages_without_ticket
-- Calls since $1 that left a message and have no ticket or no recording row.
SELECT c.call_id, c.caller, c.dialled, c.queue, extract(epoch FROM c.arrived_at)::float8 AS arrived_at,
       extract(epoch FROM c.ended_at)::float8 AS at
FROM calls c
WHERE c.arrived_at >= to_timestamp($1::float8) AND c.outcome = 'overflowed' AND c.cause = 'voicemail'
  AND (NOT EXISTS (SELECT FROM tickets t WHERE t.call_id = c.call_id)
       OR NOT EXISTS (SELECT FROM recordings r WHERE r.call_id = c.call_id))
ORDER BY c.arrived_at;

-- name: unclosed
-- Finished calls, answered or with a message left, whose recording has not been settled.
SELECT c.call_id, extract(epoch FROM c.arrived_at)::float8 AS arrived_at
FROM recordings r JOIN calls c USING (call_id)
WHERE r.state = 'pending' AND (c.outcome = 'answered' OR (c.outcome = 'overflowed' AND c.cause = 'voicemail'))
ORDER BY c.arrived_at;

-- name: finished_calls
-- What is settled about the calls of raw files that are still in the spool.
SELECT c.call_id, c.outcome, r.state, r.path_key, r.size_bytes
FROM calls c LEFT JOIN recordings r USING (call_id)
WHERE c.call_id = ANY($1::uuid[]) AND c.ended_at IS NOT NULL AND r.state IS DISTINCT FROM 'pending';

-- name: ticket_of_call
-- For the agent's screen.
SELECT id FROM tickets WHERE call_id = $1::uuid
UNION ALL SELECT ticket_id FROM calls WHERE call_id = $1::uuid AND ticket_id IS NOT NULL;

-- name: list_tickets
-- Newest first; a NULL filter lets everything through.
SELECT t.*, c.queued_at, c.notice_at, c.talk_ended_at, c.ended_at, c.fallback_at, c.rating,
       r.id AS recording_id, r.state AS recording_state, r.path_key, r.format, r.channels, r.sample_rate,
       r.duration_s, r.size_bytes, r.sha256, r.note, r.closed_at
FROM tickets t JOIN calls c USING (call_id) LEFT JOIN recordings r USING (call_id)
WHERE ($1::bigint IS NULL OR t.agent_id = $1)
  AND ($2::bigint IS NULL OR t.agent_id = $2)
  AND ($3::text IS NULL OR t.state = $3)
  AND ($4::text IS NULL OR t.queue = $4)
  AND ($5::uuid IS NULL OR t.call_id = $5)
  AND ($6::bigint IS NULL OR t.id < $6)
ORDER BY t.id DESC
LIMIT $7::integer;

-- name: get_ticket
-- One ticket with its call and its recording.
SELECT t.*, c.queued_at, c.notice_at, c.talk_ended_at, c.ended_at, c.fallback_at, c.rating,
       r.id AS recording_id, r.state AS recording_state, r.path_key, r.format, r.channels, r.sample_rate,
       r.duration_s, r.size_bytes, r.sha256, r.note, r.closed_at
FROM tickets t JOIN calls c USING (call_id) LEFT JOIN recordings r USING (call_id)
WHERE t.id = $1::bigint;

-- name: edit_ticket
-- Conditional on the version that was read: no row back is a conflict. The audit row tells who changed which
-- fields, never their contents.
WITH edited AS (
    UPDATE tickets SET state = $3::text, citizen_name = $4::text, title = $5::text, body = $6::text,
                       topic = $7::text, place = $8::text, version = version + 1, updated_at = now()
    WHERE id = $1::bigint AND version = $2::integer
    RETURNING id, version
), noted AS (
    INSERT INTO audit (actor, action, object, detail)
    SELECT $9::text, $10::text, 'ticket:' || id, jsonb_build_object('fields', $11::text[], 'version', version)
    FROM edited
)
SELECT version FROM edited;

-- name: caller_shown
-- Somebody is about to be shown a caller's full number.
INSERT INTO audit (actor, action, object) VALUES ($1::text, 'ticket.caller_shown', 'ticket:' || $2::bigint);

-- name: get_recording
-- One recording and whose call it is.
SELECT r.id AS recording_id, r.call_id, coalesce(t.agent_id, c.agent_id) AS agent_id, r.state AS recording_state, r.path_key, r.format, r.channels,
       r.sample_rate, r.duration_s, r.size_bytes, r.sha256, r.note, r.closed_at
FROM recordings r JOIN calls c USING (call_id) LEFT JOIN tickets t ON t.call_id = r.call_id
WHERE r.id = $1::uuid;

-- name: recording_opened
-- Written before the first byte of a recording leaves.
WITH access AS (
    INSERT INTO recording_accesses (recording_id, account_id, byte_range, remote)
    VALUES ($1::uuid, $2::bigint, $3::text, $4::text)
)
INSERT INTO audit (actor, action, object, detail)
VALUES ($5::text, 'recording.opened', 'recording:' || $1::uuid, jsonb_build_object('bytes', $3::text));

-- name: recording_damaged
-- Somebody asked for it, or the sweep came by, and its file was not what was archived.
INSERT INTO audit (actor, action, object) VALUES ('system', 'recording.damaged', 'recording:' || $1::uuid);
