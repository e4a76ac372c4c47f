-- Personal data in full, and the rows that say who looked.

-- name: value_of_call
-- $2 names the field; whose call it is.
SELECT caller AS value, agent_id FROM calls WHERE call_id = $1::text::uuid AND $2::text = 'caller';

-- name: value_of_ticket
-- The same of a ticket.
SELECT CASE $2::text WHEN 'caller' THEN caller WHEN 'citizen_name' THEN citizen_name WHEN 'title' THEN title ELSE body END
       AS value, agent_id
FROM tickets WHERE id = $1::text::bigint;

-- name: value_of_callback
-- The same of a request to be called back; it is whoever's last tried it.
SELECT b.number AS value, c.agent_id
FROM callbacks b LEFT JOIN calls c ON c.call_id = b.call_id
WHERE b.callback_id = $1::text::uuid AND $2::text = 'number';

-- name: unmasked
-- Somebody is about to be shown it.
INSERT INTO audit (actor, action, object, detail)
VALUES ($1::text, 'personal.unmasked', $2::text, jsonb_build_object('field', $3::text, 'reason', $4::text));
