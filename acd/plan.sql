-- The routing plan: one value, one version.

-- name: plan_lock
-- One change after the other, whoever makes it; also while there is no row to lock yet.
SELECT pg_advisory_xact_lock(123450003);

-- name: plan
-- The whole plan in one statement, so that it is of one version; nothing before the first start.
SELECT p.version, p.default_queue,
       (SELECT coalesce(jsonb_object_agg(name, title), '{}') FROM skills)::text AS skills,
       (SELECT coalesce(jsonb_object_agg(name, title), '{}') FROM certificates)::text AS certificates,
       (SELECT coalesce(jsonb_agg(to_jsonb(q) || jsonb_build_object('overflow', (
                   SELECT coalesce(jsonb_agg(jsonb_build_object(
                              'to', o.relief, 'queue', o.target, 'after_wait', o.after_wait,
                              'longer_than', o.longer_than, 'expected_over', o.expected_over) ORDER BY o.place), '[]')
                   FROM queue_overflow o WHERE o.queue = q.name)) ORDER BY q.name), '[]') FROM queues q)::text AS queues,
       (SELECT coalesce(jsonb_agg(to_jsonb(l) ORDER BY l.number), '[]') FROM lines l)::text AS lines
FROM plan p;

-- name: plan_version
-- Whether there is something new.
SELECT version FROM plan;

-- name: put_skills
-- Names stay, since people refer to them; titles may change.
INSERT INTO skills (name, title) SELECT key, value FROM jsonb_each_text($1::jsonb)
ON CONFLICT (name) DO UPDATE SET title = excluded.title;

-- name: put_certificates
-- As skills.
INSERT INTO certificates (name, title) SELECT key, value FROM jsonb_each_text($1::jsonb)
ON CONFLICT (name) DO UPDATE SET title = excluded.title;

-- name: drop_overflow
-- Before the queues that it refers to.
DELETE FROM queue_overflow;

-- name: drop_lines
-- Before the queues that they refer to.
DELETE FROM lines;

-- name: drop_queues
-- All; those of the new plan follow in the same transaction.
DELETE FROM queues;

-- name: put_queues
-- The queues of the new plan.
INSERT INTO queues SELECT * FROM jsonb_populate_recordset(NULL::queues, $1::jsonb);

-- name: put_overflow
-- Their ways out.
INSERT INTO queue_overflow SELECT * FROM jsonb_populate_recordset(NULL::queue_overflow, $1::jsonb);

-- name: put_lines
-- The lines of the new plan.
INSERT INTO lines SELECT * FROM jsonb_populate_recordset(NULL::lines, $1::jsonb);

-- name: drop_skills
-- Those that the new plan does not name.
DELETE FROM skills WHERE name <> ALL ($1::text[]);

-- name: drop_certificates
-- Those that the new plan does not name.
DELETE FROM certificates WHERE name <> ALL ($1::text[]);

-- name: put_plan
-- The new version.
INSERT INTO plan (version, default_queue) VALUES ($1, $2)
ON CONFLICT (only_row) DO UPDATE SET version = excluded.version, default_queue = excluded.default_queue, changed_at = now();

-- name: keep_version
-- The version as it is, for good.
INSERT INTO plan_versions (version, actor, cause, document) VALUES ($1, $2, $3, $4::jsonb);

-- name: plan_audit
-- What was changed.
INSERT INTO audit (actor, action, object, detail) VALUES ($1, $2, $3, $4::jsonb);

-- name: plan_told
-- Processes that use the plan are told, when the change is committed.
SELECT pg_notify('hotline_plan', $1);

-- name: used_by_people
-- Which of these queues, skills and certificates people still have.
SELECT 'queues.' || name AS field FROM unnest($1::text[]) AS name
WHERE EXISTS (SELECT FROM accounts WHERE active AND name = ANY (queues))
UNION ALL
SELECT 'skills.' || name FROM unnest($2::text[]) AS name WHERE EXISTS (SELECT FROM agent_skills WHERE skill = name)
UNION ALL
SELECT 'certificates.' || name FROM unnest($3::text[]) AS name
WHERE EXISTS (SELECT FROM agent_certificates WHERE certificate = name)
ORDER BY 1;

-- name: plan_versions
-- The history, newest first.
SELECT version, actor, cause, extract(epoch FROM at)::float8 AS at FROM plan_versions
WHERE version < $1 ORDER BY version DESC LIMIT $2;

-- name: plan_of_version
-- The plan as it was.
SELECT document::text FROM plan_versions WHERE version = $1;
