-- Statements about the chain of audit rows.

-- name: seal
-- Link what is pending, at most $1 rows.
SELECT seal_audit($1::integer);

-- name: head
-- The newest link, and what is not linked yet.
SELECT coalesce(s.position, 0) AS position, s.head,
       (SELECT count(*) FROM audit_pending) AS unsealed,
       coalesce((SELECT extract(epoch FROM clock_timestamp() - min(since)) FROM audit_pending), 0)::float8 AS age
FROM (SELECT 1) one LEFT JOIN LATERAL (SELECT position, head FROM audit_seals ORDER BY position DESC LIMIT 1) s ON true;

-- name: head_at
-- The head at a position.
SELECT head FROM audit_seals WHERE position = $1::bigint;

-- name: links
-- The whole chain, in its order, with what the rows say now.
SELECT s.position, s.audit_id, s.digest, (extract(epoch FROM s.sealed_at) * 1000000)::bigint AS sealed_at, s.head,
       (extract(epoch FROM a.at) * 1000000)::bigint AS at, a.actor, a.action, a.object, a.detail::text AS detail
FROM audit_seals s LEFT JOIN audit a ON a.id = s.audit_id
ORDER BY s.position;

-- name: strays
-- Rows that are neither in the chain nor waiting for it: written past the trigger.
SELECT a.id FROM audit a
WHERE NOT EXISTS (SELECT FROM audit_seals s WHERE s.audit_id = a.id)
  AND NOT EXISTS (SELECT FROM audit_pending p WHERE p.audit_id = a.id)
ORDER BY a.id;

-- name: waiting
-- Rows that wait for the chain: what was noted about them when they were written, and what they say now.
SELECT p.audit_id, p.digest, (extract(epoch FROM a.at) * 1000000)::bigint AS at, a.actor, a.action, a.object,
       a.detail::text AS detail
FROM audit_pending p LEFT JOIN audit a ON a.id = p.audit_id
ORDER BY p.audit_id;

-- name: guards
-- Triggers that ought to be there, with their state: O is on.
SELECT tgname, tgrelid::regclass::text AS of, tgenabled::text AS state FROM pg_trigger
WHERE NOT tgisinternal AND tgrelid IN ('audit'::regclass, 'audit_seals'::regclass);

-- name: prunings
-- How far retention has removed audit rows, by its own rows in the chain.
SELECT split_part(a.object, ':', 2)::bigint AS position, (extract(epoch FROM a.at) * 1000000)::bigint AS at, a.actor
FROM audit a JOIN audit_seals s ON s.audit_id = a.id
WHERE a.action = 'audit.pruned' AND a.object ~ '^position:[0-9]{1,18}$'
ORDER BY 1 DESC LIMIT 1;

-- name: size
-- How much there is to do.
SELECT count(*) FROM audit_seals;
