-- What goes when it is old enough. Every statement about data leaves out what a hold keeps.

-- name: policies
-- How long each class is kept.
SELECT class, keep_days, version, changed_by, extract(epoch FROM changed_at)::float8 AS changed_at
FROM retention_policies ORDER BY class;

-- name: set_policy
-- Conditional on the version that was read.
WITH changed AS (
    UPDATE retention_policies SET keep_days = $3::integer, version = version + 1, changed_by = $4::text, changed_at = now()
    WHERE class = $1::text AND version = $2::integer
    RETURNING class, keep_days, version
), noted AS (
    INSERT INTO audit (actor, action, object, detail)
    SELECT $4::text, 'retention.policy_changed', 'class:' || class, jsonb_build_object('keep_days', keep_days)
    FROM changed
)
SELECT version FROM changed;

-- name: held_classes
-- Classes that are held as a whole.
SELECT substr(object, 7) AS class FROM legal_holds WHERE lifted_at IS NULL AND object LIKE 'class:%';

-- name: due_recordings
-- Recordings before $1 that may go, and how many a hold keeps.
SELECT count(*) FILTER (WHERE h.call_id IS NULL) AS due, count(h.call_id) AS held
FROM recordings r LEFT JOIN held_calls h USING (call_id)
WHERE r.path_key IS NOT NULL AND r.created_at < $1::timestamptz;

-- name: next_recordings
-- The oldest of them.
SELECT r.id, r.call_id, r.path_key FROM recordings r
WHERE r.path_key IS NOT NULL AND r.created_at < $1::timestamptz
  AND NOT EXISTS (SELECT FROM held_calls h WHERE h.call_id = r.call_id)
ORDER BY r.created_at LIMIT $2::integer;

-- name: recording_gone
-- Its file is removed; what it was stays known.
UPDATE recordings SET state = 'removed', path_key = NULL, note = 'removed by retention' WHERE id = $1::uuid;

-- name: due_tickets
-- Tickets before $1 that still say who the citizen is.
SELECT count(*) FILTER (WHERE h.call_id IS NULL) AS due, count(h.call_id) AS held
FROM tickets t LEFT JOIN held_calls h USING (call_id)
WHERE t.anonymised_at IS NULL AND t.arrived_at < $1::timestamptz AND t.call_ended_at IS NOT NULL;

-- name: next_tickets
-- The oldest of them.
SELECT t.id, t.title, t.body, t.place FROM tickets t
WHERE t.anonymised_at IS NULL AND t.arrived_at < $1::timestamptz AND t.call_ended_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM held_calls h WHERE h.call_id = t.call_id)
ORDER BY t.id LIMIT $2::integer;

-- name: anonymise_ticket
-- Name and number go; numbers in the texts are masked.
UPDATE tickets SET caller = '', citizen_name = '', title = $2::text, body = $3::text, place = $4::text, anonymised_at = now()
WHERE id = $1::bigint AND anonymised_at IS NULL;

-- name: due_calls
-- Calls before $1 whose caller's number is still there.
SELECT count(*) FILTER (WHERE h.call_id IS NULL) AS due, count(h.call_id) AS held
FROM calls c LEFT JOIN held_calls h USING (call_id)
WHERE c.caller <> '' AND c.arrived_at < $1::timestamptz AND c.ended_at IS NOT NULL;

-- name: anonymise_calls
-- A batch of them, with everything that repeats the number or an outside party's one.
WITH old AS (
    SELECT c.call_id FROM calls c
    WHERE c.caller <> '' AND c.arrived_at < $1::timestamptz AND c.ended_at IS NOT NULL
      AND NOT EXISTS (SELECT FROM held_calls h WHERE h.call_id = c.call_id)
    ORDER BY c.arrived_at LIMIT $2::integer
), abandoned AS (
    UPDATE abandoned_calls a SET caller = '' FROM old WHERE a.call_id = old.call_id
), segments AS (
    UPDATE call_segments s SET phone = '' FROM old WHERE s.call_id = old.call_id AND s.kind <> 'agent'
), requests AS (
    UPDATE callbacks b SET number = '00' FROM old
    WHERE b.ended_at IS NOT NULL AND (b.call_id = old.call_id OR b.origin_call_id = old.call_id)
)
UPDATE calls c SET caller = '' FROM old WHERE c.call_id = old.call_id;

-- name: due_sessions
-- Log-ins that ended before $1.
SELECT count(*) AS due, 0::bigint AS held FROM sessions WHERE expires_at < $1::timestamptz;

-- name: remove_sessions
-- A batch of them.
DELETE FROM sessions WHERE token_hash IN (
    SELECT token_hash FROM sessions WHERE expires_at < $1::timestamptz LIMIT $2::integer);

-- name: due_audit
-- Audit rows that their policy no longer keeps; $1 is not needed, the function knows.
SELECT count(a.id) AS due, 0::bigint AS held
FROM audit_seals s JOIN audit a ON a.id = s.audit_id
WHERE $1::timestamptz IS NOT NULL AND s.position <= (SELECT prunable_audit());

-- name: prune_audit
-- For the owner only.
SELECT prune_audit($1::text);

-- name: may_prune
-- Whether this connection is the owner's.
SELECT has_function_privilege('prune_audit(text)', 'EXECUTE');

-- name: begin_run
-- Retention goes through the data.
INSERT INTO retention_runs (actor, dry_run) VALUES ($1::text, $2::boolean) RETURNING id;

-- name: finish_run
-- What came of it; an audit row tells the same.
WITH finished AS (
    UPDATE retention_runs SET finished_at = now(), result = $2::jsonb WHERE id = $1::bigint
    RETURNING id, actor, dry_run, result
)
INSERT INTO audit (actor, action, object, detail)
SELECT actor, CASE WHEN dry_run THEN 'retention.tried' ELSE 'retention.ran' END, 'retention_run:' || id, result
FROM finished;

-- name: runs
-- The latest runs.
SELECT id, actor, dry_run, extract(epoch FROM started_at)::float8 AS started_at,
       extract(epoch FROM finished_at)::float8 AS finished_at, result::text AS result
FROM retention_runs WHERE $1::bigint IS NULL OR id < $1 ORDER BY id DESC LIMIT $2::integer;

-- name: holds
-- Holds, newest first.
SELECT id, object, reason, placed_by, extract(epoch FROM placed_at)::float8 AS placed_at, lifted_by,
       extract(epoch FROM lifted_at)::float8 AS lifted_at, lift_reason
FROM legal_holds WHERE ($1::bigint IS NULL OR id < $1) AND ($2::boolean OR lifted_at IS NULL)
ORDER BY id DESC LIMIT $3::integer;

-- name: object_exists
-- Whether there is what is to be held.
SELECT EXISTS (SELECT FROM calls WHERE $1::text = 'call:' || call_id)
    OR EXISTS (SELECT FROM tickets WHERE $1::text = 'ticket:' || id)
    OR EXISTS (SELECT FROM retention_policies WHERE $1::text = 'class:' || class);

-- name: place_hold
-- No row back: there is one already.
WITH placed AS (
    INSERT INTO legal_holds (object, reason, placed_by) VALUES ($1::text, $2::text, $3::text)
    ON CONFLICT (object) WHERE lifted_at IS NULL DO NOTHING
    RETURNING id, object, reason, placed_by, extract(epoch FROM placed_at)::float8 AS placed_at, lifted_by,
              NULL::float8 AS lifted_at, lift_reason
), noted AS (
    INSERT INTO audit (actor, action, object, detail)
    SELECT $3::text, 'hold.placed', object, jsonb_build_object('hold', id, 'reason', reason) FROM placed
)
SELECT * FROM placed;

-- name: lift_hold
-- No row back: there is none, or it is lifted already.
WITH lifted AS (
    UPDATE legal_holds SET lifted_by = $3::text, lifted_at = now(), lift_reason = $2::text
    WHERE id = $1::bigint AND lifted_at IS NULL
    RETURNING id, object, reason, placed_by, extract(epoch FROM placed_at)::float8 AS placed_at, lifted_by,
              extract(epoch FROM lifted_at)::float8 AS lifted_at, lift_reason
), noted AS (
    INSERT INTO audit (actor, action, object, detail)
    SELECT $3::text, 'hold.lifted', object, jsonb_build_object('hold', id, 'reason', $2::text) FROM lifted
)
SELECT * FROM lifted;
