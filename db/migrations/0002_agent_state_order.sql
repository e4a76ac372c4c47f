-- The order of an agent's states is that of their rows: a moment may lie a little before that of the row
-- written earlier, because two clocks take part.
DROP INDEX agent_states_latest;
CREATE INDEX agent_states_latest ON agent_states (agent_id, seq DESC);

COMMENT ON COLUMN audit.actor IS 'login of the person, or who acted without one: command line, hotline run';
COMMENT ON COLUMN audit.action IS 'noun.verb: account.create, seat.take';
