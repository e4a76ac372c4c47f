-- Statements about callers: lists, flags, treatments, protected disconnects, history. Those of the call path may be
-- carried out twice without harm; times are seconds since the epoch.

-- name: call_treated
-- A call was routed otherwise than all others.
INSERT INTO call_treatments (call_id, treatment, cause, at)
VALUES ($1::uuid, $2::text, $3::text, to_timestamp($4::float8)) ON CONFLICT DO NOTHING;

-- name: call_flagged
-- An agent noted something about a call.
INSERT INTO call_flags (id, call_id, agent_id, code, note, at)
VALUES ($1::uuid, $2::uuid, $3::bigint, $4::text, $5::text, to_timestamp($6::float8)) ON CONFLICT DO NOTHING;

-- name: disconnect_warned
-- A caller is warned that the call will be ended.
INSERT INTO call_disconnects (call_id, asked_at, agent_id, code, note)
VALUES ($1::uuid, to_timestamp($2::float8), $3::bigint, $4::text, $5::text) ON CONFLICT DO NOTHING;

-- name: disconnect_ended
-- How that ended.
UPDATE call_disconnects SET result = $3::text, ended_at = to_timestamp($4::float8)
WHERE call_id = $1::uuid AND asked_at = to_timestamp($2::float8) AND result IS NULL;

-- name: disconnect_flagged
-- What the agent gave as its reason is a flag of the call.
INSERT INTO call_flags (id, call_id, agent_id, code, note, at)
SELECT $1::uuid, d.call_id, d.agent_id, d.code, d.note, d.asked_at FROM call_disconnects d
WHERE d.call_id = $2::uuid AND d.asked_at = to_timestamp($3::float8)
ON CONFLICT DO NOTHING;

-- name: audit_at
-- What somebody did on the call path.
INSERT INTO audit (at, actor, action, object, detail)
VALUES (to_timestamp($1::float8), $2::text, $3::text, $4::text, $5::text::jsonb);

-- name: entries_in_force
-- What the engine acts by.
SELECT id, number, is_prefix, kind, low_priority, extract(epoch FROM expires_at)::float8 AS expires_at
FROM caller_lists WHERE state IN ('active', 'appealed') AND expires_at > to_timestamp($1::float8) ORDER BY id;

-- name: recent_calls
-- Who called lately, for the frequency after a restart.
SELECT caller, extract(epoch FROM arrived_at)::float8 AS arrived_at FROM calls
WHERE arrived_at > to_timestamp($1::float8) AND caller <> '' AND direction = 'inbound'
ORDER BY calls.arrived_at DESC LIMIT $2::int;

-- name: treated_open
-- Treatments of calls without an outcome, for the restart.
SELECT t.call_id::text AS call_id, t.treatment FROM call_treatments t JOIN calls c USING (call_id)
WHERE c.ended_at IS NULL ORDER BY t.at, t.cause;

-- name: warnings_open
-- Warnings without a result, for the restart.
SELECT d.call_id::text AS call_id, d.agent_id, extract(epoch FROM d.asked_at)::float8 AS asked_at
FROM call_disconnects d WHERE d.result IS NULL;

-- name: expire_entries
-- Entries of a number whose time is over, before another one is proposed.
UPDATE caller_lists SET state = 'expired', ended_at = expires_at
WHERE number = $1 AND is_prefix = $2 AND state IN ('proposed', 'active', 'appealed')
  AND expires_at <= to_timestamp($3::float8)
RETURNING id;

-- name: propose_entry
-- A new entry; nothing acts by it before somebody else approves.
INSERT INTO caller_lists (number, is_prefix, kind, low_priority, reason_code, reason, evidence_calls, evidence_tickets,
                          proposed_by, proposed_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7::uuid[], $8::bigint[], $9, to_timestamp($10::float8), to_timestamp($11::float8))
RETURNING id;

-- name: unknown_calls
-- Which of these calls do not exist.
SELECT wanted::text FROM unnest($1::uuid[]) AS wanted
WHERE NOT EXISTS (SELECT FROM calls WHERE call_id = wanted);

-- name: unknown_tickets
-- Which of these tickets do not exist.
SELECT wanted FROM unnest($1::bigint[]) AS wanted WHERE NOT EXISTS (SELECT FROM tickets WHERE id = wanted);

-- name: approve
-- Approved or refused by a second person.
UPDATE caller_lists SET state = $3, decided_by = $4, decided_at = to_timestamp($6::float8), decision_note = $5,
                        ended_at = CASE WHEN $3 = 'refused' THEN to_timestamp($6::float8) END
WHERE id = $1 AND state = $2;

-- name: appeal
-- Appealed against, on behalf of the citizen.
UPDATE caller_lists SET state = $3, appealed_by = $4, appealed_at = to_timestamp($6::float8), appeal_note = $5
WHERE id = $1 AND state = $2;

-- name: judge
-- The appeal was judged by a third person.
UPDATE caller_lists SET state = $3, judged_by = $4, judged_at = to_timestamp($6::float8), judgement_note = $5,
                        ended_at = CASE WHEN $3 = 'lifted' THEN to_timestamp($6::float8) END
WHERE id = $1 AND state = $2;

-- name: withdraw
-- Taken back before its time.
UPDATE caller_lists SET state = $3, ended_at = to_timestamp($6::float8)
WHERE id = $1 AND state = $2 AND $4::bigint IS NOT NULL AND $5::text IS NOT NULL;

-- name: note_step
-- Every step is an audit row.
INSERT INTO audit (actor, action, object, detail)
VALUES ($1::text, $2::text, 'caller_list:' || $3::bigint, $4::text::jsonb);

-- name: one_entry
-- One entry.
SELECT *, extract(epoch FROM expires_at)::float8 AS ends FROM caller_lists WHERE id = $1;

-- name: entry_for_update
-- One entry, held until its step is done.
SELECT *, extract(epoch FROM expires_at)::float8 AS ends FROM caller_lists WHERE id = $1 FOR UPDATE;

-- name: list_entries
-- Entries, newest first.
SELECT *, extract(epoch FROM expires_at)::float8 AS ends FROM caller_lists
WHERE ($1::text IS NULL OR $1 = CASE WHEN state IN ('proposed', 'active', 'appealed')
                                      AND expires_at <= to_timestamp($6::float8) THEN 'expired' ELSE state END)
  AND ($2::text IS NULL OR kind = $2)
  AND ($3::bigint IS NULL OR proposed_by = $3) AND ($4::bigint IS NULL OR id < $4)
ORDER BY id DESC LIMIT $5::int;

-- name: histories
-- What is known about the callers of these calls.
SELECT w.call_id::text AS call_id,
  (SELECT coalesce(json_agg(x), '[]') FROM (
      SELECT t.id, t.title, t.state, t.topic, extract(epoch FROM t.opened_at) AS opened_at FROM tickets t
      WHERE t.caller = w.caller AND t.caller <> '' AND t.call_id <> w.call_id
        AND t.state NOT IN ('CLOSED', 'ARCHIVED', 'WITHDRAWN') ORDER BY t.id DESC LIMIT 10) x) AS tickets,
  (SELECT coalesce(json_agg(x), '[]') FROM (
      SELECT c.call_id, extract(epoch FROM c.arrived_at) AS arrived_at, c.queue, c.outcome FROM calls c
      WHERE c.caller = w.caller AND c.caller <> '' AND c.call_id <> w.call_id
      ORDER BY c.arrived_at DESC LIMIT 10) x) AS calls,
  (SELECT coalesce(json_agg(x), '[]') FROM (
      SELECT f.call_id, f.code, extract(epoch FROM f.at) AS at FROM call_flags f JOIN calls c USING (call_id)
      WHERE c.caller = w.caller AND c.caller <> '' ORDER BY f.at DESC LIMIT 10) x) AS flags,
  (SELECT coalesce(json_agg(x), '[]') FROM (
      SELECT l.id, l.kind, l.reason_code, extract(epoch FROM l.expires_at) AS expires_at FROM caller_lists l
      WHERE l.state IN ('active', 'appealed') AND l.expires_at > to_timestamp($3::float8)
        AND (l.number = w.caller OR (l.is_prefix AND starts_with(w.caller, l.number)))
      ORDER BY l.id) x) AS lists
FROM unnest($1::uuid[], $2::text[]) AS w (call_id, caller);

-- name: flags_of_call
-- What was noted about one call.
SELECT code, note, agent_id, extract(epoch FROM at)::float8 AS at FROM call_flags WHERE call_id = $1::uuid ORDER BY at;

-- name: treatments_of_call
-- How one call was treated, and why.
SELECT treatment, cause, extract(epoch FROM at)::float8 AS at FROM call_treatments WHERE call_id = $1::uuid ORDER BY at, cause;
