-- Statements about call-backs and calls that the centre places. Those of the call path come first: each may be
-- carried out twice without harm; times are seconds since the epoch.

-- name: callback_changed
-- A request as it is now; an older version never replaces a newer one.
INSERT INTO callbacks AS b (callback_id, number, queue, dialled, source, requested_by, requested_at, place_at, due_at,
                            expires_at, state, origin_call_id, ticket_id, call_id, attempt, tries, cause, ended_at,
                            version)
VALUES ($1::uuid, $2::text, $3::text, $4::text, $5::text, $6::text, to_timestamp($7::float8),
        to_timestamp($8::float8), to_timestamp($9::float8), to_timestamp($10::float8), $11::text, $12::uuid,
        $13::bigint, $14::uuid, $15::int, $16::int, $17::text, to_timestamp($18::float8), $19::int)
ON CONFLICT (callback_id) DO UPDATE
SET due_at = excluded.due_at, state = excluded.state, call_id = excluded.call_id, attempt = excluded.attempt,
    tries = excluded.tries, cause = excluded.cause, ended_at = excluded.ended_at, version = excluded.version
WHERE b.version < excluded.version;

-- name: callout_placed
-- The centre places a call.
/* in order */ INSERT INTO calls (call_id, uniqueid, caller, dialled, queue, arrived_at, queued_at, agent_id, phone,
                                  direction, ticket_id, origin_call_id, callback_id)
VALUES ($1::uuid, '', $2::text, $3::text, $4::text, to_timestamp($5::float8), to_timestamp($6::float8), $7::bigint,
        $8::text, 'outbound', $9::bigint, $10::uuid, $11::uuid)
ON CONFLICT (call_id) DO NOTHING;

-- name: notice_played
-- The citizen heard the recording notice.
UPDATE calls SET notice_at = coalesce(notice_at, to_timestamp($2::float8)) WHERE call_id = $1::uuid;

-- name: audit_at
-- What a person did about calls that the centre places; may be written later than it happened.
INSERT INTO audit (at, actor, action, object, detail)
VALUES (to_timestamp($1::float8), $2::text, $3::text, $4::text, $5::jsonb);

-- name: open_callbacks
-- Requests that are not over, to be restored after a restart.
SELECT callback_id::text, number, queue, dialled, source, requested_by,
       extract(epoch FROM requested_at)::float8 AS requested_at, extract(epoch FROM place_at)::float8 AS place_at,
       extract(epoch FROM due_at)::float8 AS due_at, extract(epoch FROM expires_at)::float8 AS expires_at, state,
       origin_call_id::text, ticket_id, call_id::text, attempt, tries, cause, version
FROM callbacks WHERE ended_at IS NULL ORDER BY place_at, callback_id;

-- name: open_callouts
-- What calls that the centre had placed are about, of those without an outcome.
SELECT call_id::text, ticket_id, origin_call_id::text, callback_id::text
FROM calls WHERE ended_at IS NULL AND direction = 'outbound';

-- name: list_callbacks
-- Requests, newest first, from a cursor on.
SELECT callback_id::text, number, queue, dialled, source, requested_by, requested_at, place_at, due_at, expires_at,
       state, origin_call_id::text, ticket_id, call_id::text, attempt, tries, cause, ended_at,
       extract(epoch FROM requested_at)::float8 AS moment
FROM callbacks
WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR queue = $2)
  AND ($3::boolean IS NULL OR (ended_at IS NULL) = $3)
  AND ($4::timestamptz IS NULL OR (requested_at, callback_id) < ($4, $5::uuid))
ORDER BY requested_at DESC, callback_id DESC LIMIT $6::int;

-- name: one_callback
-- One request.
SELECT callback_id::text, number, queue, dialled, source, requested_by, requested_at, place_at, due_at, expires_at,
       state, origin_call_id::text, ticket_id, call_id::text, attempt, tries, cause, ended_at,
       extract(epoch FROM requested_at)::float8 AS moment
FROM callbacks WHERE callback_id = $1::uuid;

-- name: abandoned_to_call
-- Whom to ring back, and for which line.
SELECT caller, dialled, queue FROM abandoned_calls WHERE call_id = $1::uuid;

-- name: ticket_to_call
-- Whom a ticket is about.
SELECT caller, dialled, queue, agent_id FROM tickets WHERE id = $1::bigint;
