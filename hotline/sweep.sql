-- The check of all recordings.

-- name: begin
-- The sweep that is under way, else a new one.
WITH fresh AS (
    INSERT INTO recording_sweeps (actor) VALUES ($1::text)
    ON CONFLICT ((true)) WHERE finished_at IS NULL DO NOTHING
    RETURNING id
)
SELECT id FROM fresh UNION ALL SELECT id FROM recording_sweeps WHERE finished_at IS NULL LIMIT 1;

-- name: next
-- Recordings that this sweep has not read yet; those that were archived after its beginning are for the next one.
SELECT r.id, r.call_id, r.path_key, r.size_bytes, r.sha256
FROM recordings r JOIN recording_sweeps s ON s.id = $1::bigint LEFT JOIN recording_checks c ON c.recording_id = r.id
WHERE r.path_key IS NOT NULL AND r.closed_at < s.started_at AND c.sweep_id IS DISTINCT FROM s.id
ORDER BY r.closed_at, r.id LIMIT $2::integer;

-- name: checked
-- What one file showed; what is wrong is in the audit as well.
WITH noted AS (
    INSERT INTO recording_checks (recording_id, sweep_id, result) VALUES ($1::uuid, $2::bigint, $3::text)
    ON CONFLICT (recording_id) DO UPDATE
    SET sweep_id = excluded.sweep_id, result = excluded.result, checked_at = now()
)
INSERT INTO audit (actor, action, object, detail)
SELECT 'system', 'recording.damaged', 'recording:' || $1::uuid, jsonb_build_object('result', $3::text)
WHERE $3::text <> 'ok';

-- name: count
-- How far it is. What retention has removed meanwhile is no longer bad.
SELECT count(*) FILTER (WHERE c.sweep_id = $1::bigint) AS checked,
       count(*) FILTER (WHERE c.sweep_id = $1::bigint AND c.result <> 'ok') AS bad,
       count(*) FILTER (WHERE c.result <> 'ok' AND r.path_key IS NOT NULL) AS bad_now
FROM recording_checks c JOIN recordings r ON r.id = c.recording_id;

-- name: finish
-- All were read.
WITH figures AS (
    SELECT count(*) AS checked, count(*) FILTER (WHERE result <> 'ok') AS bad
    FROM recording_checks WHERE sweep_id = $1::bigint
), swept AS (
    UPDATE recording_sweeps SET finished_at = now(), checked = figures.checked, bad = figures.bad
    FROM figures WHERE id = $1::bigint AND finished_at IS NULL
    RETURNING recording_sweeps.checked, recording_sweeps.bad
)
INSERT INTO audit (actor, action, object, detail)
SELECT $2::text, 'recordings.swept', 'sweep:' || $1::bigint, jsonb_build_object('checked', checked, 'bad', bad)
FROM swept;
