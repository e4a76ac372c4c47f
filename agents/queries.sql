-- Accounts, sessions, seats and agent states. Times are seconds since the epoch.

-- name: account_by_login
-- For logging in.
SELECT id, login, display_name, role, queues, password_hash, active, version FROM accounts WHERE login = $1;

-- name: account_by_id
-- One account.
SELECT id, login, display_name, role, queues, active, version,
       extract(epoch FROM created_at)::float8 AS created_at
FROM accounts WHERE id = $1;

-- name: accounts
-- Accounts by id, from a cursor on.
SELECT id, login, display_name, role, queues, active, version,
       extract(epoch FROM created_at)::float8 AS created_at
FROM accounts WHERE id > $1 ORDER BY id LIMIT $2;

-- name: create_account
-- A new account; nothing when the login exists.
INSERT INTO accounts (login, display_name, role, password_hash, queues) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (login) DO NOTHING
RETURNING id, login, display_name, role, queues, active, version, extract(epoch FROM created_at)::float8 AS created_at;

-- name: change_account
-- Changes what is given, if nobody else has changed the account meanwhile.
UPDATE accounts SET display_name = coalesce($3, display_name), role = coalesce($4, role),
                    queues = coalesce($5, queues), active = coalesce($6, active),
                    password_hash = coalesce($7, password_hash), version = version + 1
WHERE id = $1 AND version = $2
RETURNING id, login, display_name, role, queues, active, version, extract(epoch FROM created_at)::float8 AS created_at;

-- name: open_session
-- A session; only the token's hash is kept.
INSERT INTO sessions (token_hash, account_id, created_at, expires_at)
VALUES ($1, $2, to_timestamp($3::float8), to_timestamp($4::float8));

-- name: session
-- The account behind a token.
SELECT a.id, a.login, a.display_name, a.role, a.queues, extract(epoch FROM s.expires_at)::float8 AS expires_at
FROM sessions s JOIN accounts a ON a.id = s.account_id
WHERE s.token_hash = $1 AND s.revoked_at IS NULL AND s.expires_at > to_timestamp($2::float8) AND a.active;

-- name: revoke_session
-- Log out.
UPDATE sessions SET revoked_at = to_timestamp($2::float8) WHERE token_hash = $1 AND revoked_at IS NULL;

-- name: revoke_sessions
-- After a change of password or role, or deactivation.
UPDATE sessions SET revoked_at = to_timestamp($2::float8) WHERE account_id = $1 AND revoked_at IS NULL;

-- name: audit
-- What somebody did.
INSERT INTO audit (actor, action, object, detail) VALUES ($1, $2, $3, $4::jsonb);

-- name: audit_at
-- What somebody did to a live agent; may be written later than it happened.
INSERT INTO audit (at, actor, action, object, detail)
VALUES (to_timestamp($1::float8), $2::text, $3::text, $4::text, $5::jsonb);

-- name: lock_administrators
-- Who may manage accounts, held until the change is committed: two administrators cannot remove each other.
SELECT id FROM accounts WHERE role = 'administrator' AND active ORDER BY id FOR UPDATE;

-- name: seat_taken
-- An agent sits down; a seat that was left open by a crash is closed first by seat_superseded.
/* in order */ INSERT INTO seats (agent_id, phone, queues, since)
VALUES ($1::bigint, $2::text, $3::text[], to_timestamp($4::float8))
ON CONFLICT DO NOTHING;

-- name: seat_superseded
-- Nobody sits in two places, and no two at one phone.
/* in order */ UPDATE seats SET until = to_timestamp($3::float8)
WHERE until IS NULL AND (agent_id = $1::bigint OR phone = $2::text) AND since < to_timestamp($3::float8);

-- name: seat_left
-- An agent leaves.
/* in order */ UPDATE seats SET until = to_timestamp($2::float8)
WHERE agent_id = $1::bigint AND until IS NULL AND since <= to_timestamp($2::float8);

-- name: state_changed
-- One row of the agent's day.
INSERT INTO agent_states (key, agent_id, from_state, to_state, reason, cause, call_id, next_state, until, at)
VALUES ($1::text, $2::bigint, $3::text, $4::text, $5::text, $6::text, $7::uuid, $8::text,
        to_timestamp($9::float8), to_timestamp($10::float8))
ON CONFLICT (key) DO NOTHING;

-- name: next_state_set
-- A state asked for during a call.
/* in order */ UPDATE seats
SET next_state = $2::text, next_reason = $3::text, next_at = to_timestamp($4::float8), next_cause = $5::text
WHERE agent_id = $1::bigint AND until IS NULL AND coalesce(next_at <= to_timestamp($4::float8), true);

-- name: next_state_done
-- It has taken effect, or another wish has replaced it.
UPDATE seats SET next_state = NULL, next_reason = '', next_at = NULL, next_cause = ''
WHERE agent_id = $1::bigint AND until IS NULL AND next_at <= to_timestamp($2::float8);

-- name: seated
-- Everybody who sits at a phone, with the latest state. A wrap-up that was prolonged began with the row that led to it.
SELECT s.agent_id, a.display_name, s.phone, a.queues, st.to_state, began.reason, began.cause,
       st.call_id::text AS call_id, extract(epoch FROM st.at)::float8 AS changed_at,
       extract(epoch FROM began.at)::float8 AS at, extract(epoch FROM st.until)::float8 AS until,
       s.next_state, s.next_reason, s.next_cause, extract(epoch FROM s.since)::float8 AS since,
       (SELECT count(*) FROM agent_states e WHERE e.agent_id = s.agent_id AND e.seq > began.seq
        AND e.reason = 'extension' AND e.cause = 'agent') AS extensions
FROM seats s JOIN accounts a ON a.id = s.agent_id
LEFT JOIN LATERAL (SELECT * FROM agent_states x WHERE x.agent_id = s.agent_id ORDER BY x.seq DESC LIMIT 1) st ON true
LEFT JOIN LATERAL (SELECT * FROM agent_states x WHERE x.agent_id = s.agent_id AND x.seq <= st.seq
                   AND NOT (x.from_state = 'WRAP_UP' AND x.to_state = 'WRAP_UP')
                   ORDER BY x.seq DESC LIMIT 1) began ON true
WHERE s.until IS NULL ORDER BY s.agent_id;

-- name: state_rows
-- The history of one agent, newest first, from a cursor on.
SELECT seq, from_state, to_state, reason, cause, call_id::text AS call_id, next_state,
       extract(epoch FROM until)::float8 AS until, extract(epoch FROM at)::float8 AS at
FROM agent_states WHERE agent_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3;

-- name: qualifications
-- What people may be offered beyond their queues: levels of skills, certificates, their own wrap-up time.
SELECT a.id, a.version, a.queues, a.wrap_up_seconds,
       (SELECT coalesce(jsonb_object_agg(skill, level), '{}') FROM agent_skills WHERE account_id = a.id)::text AS skills,
       (SELECT coalesce(jsonb_object_agg(certificate, extract(epoch FROM valid_until)::float8), '{}')
        FROM agent_certificates WHERE account_id = a.id)::text AS certificates
FROM accounts a WHERE a.id = ANY ($1::bigint[]);

-- name: unknown_skills
-- Names that the plan does not have.
SELECT unnest($1::text[]) AS name EXCEPT SELECT name FROM skills ORDER BY name;

-- name: unknown_certificates
-- Names that the plan does not have.
SELECT unnest($1::text[]) AS name EXCEPT SELECT name FROM certificates ORDER BY name;

-- name: drop_skills_of
-- Before the new ones.
DELETE FROM agent_skills WHERE account_id = $1;

-- name: put_skills_of
-- All skills of a person.
INSERT INTO agent_skills (account_id, skill, level)
SELECT $1::bigint, key, value::smallint FROM jsonb_each_text($2::jsonb);

-- name: drop_certificates_of
-- Before the new ones.
DELETE FROM agent_certificates WHERE account_id = $1;

-- name: put_certificates_of
-- All certificates of a person.
INSERT INTO agent_certificates (account_id, certificate, valid_until)
SELECT $1::bigint, key, to_timestamp(value::float8) FROM jsonb_each_text($2::jsonb);

-- name: put_wrap_up_of
-- A person's own wrap-up time.
UPDATE accounts SET wrap_up_seconds = $2::float8 WHERE id = $1;

-- name: touch_account
-- One version further, if nobody else has changed the account meanwhile.
UPDATE accounts SET version = version + 1 WHERE id = $1 AND version = $2;
