-- Reading the audit.

-- name: read
-- Newest first; a NULL lets everything through, the flags say that a text is only the beginning.
SELECT a.id, extract(epoch FROM a.at)::float8 AS at, a.actor, a.action, a.object, a.detail::text AS detail, s.position, s.head
FROM audit a LEFT JOIN audit_seals s ON s.audit_id = a.id
WHERE ($1::text IS NULL OR a.actor = $1)
  AND ($2::text IS NULL OR CASE WHEN $3::boolean THEN starts_with(a.object, $2) ELSE a.object = $2 END)
  AND ($4::text IS NULL OR CASE WHEN $5::boolean THEN starts_with(a.action, $4) ELSE a.action = $4 END)
  AND ($6::timestamptz IS NULL OR a.at >= $6)
  AND ($7::timestamptz IS NULL OR a.at < $7)
  AND ($8::bigint IS NULL OR a.id < $8)
  AND ($9::text[] IS NULL OR EXISTS (
      SELECT FROM accounts p WHERE p.login = a.actor AND coalesce(to_jsonb(p)->'districts', '[]') ?| $9))
ORDER BY a.id DESC
LIMIT $10::integer;

-- name: was_read
-- Somebody looked at it.
INSERT INTO audit (actor, action, object, detail) VALUES ($1::text, 'audit.read', 'audit:rows', $2::text::jsonb);
