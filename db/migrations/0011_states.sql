-- Agent states: reasons for breaks with their allowances, longer wrap-up, who noted a next state.

CREATE TABLE break_reasons (
    code       text PRIMARY KEY CHECK (code ~ '^[a-z0-9_]{1,40}$'),
    title_zh   text NOT NULL CHECK (length(title_zh) BETWEEN 1 AND 40),
    title_en   text NOT NULL CHECK (length(title_en) BETWEEN 1 AND 40),
    allowance_s double precision CHECK (allowance_s > 0),
    each_s     double precision CHECK (each_s > 0),
    period     text NOT NULL CHECK (period IN ('day', 'duty')),
    productive boolean NOT NULL,
    is_default boolean NOT NULL DEFAULT false,
    retired_at timestamptz,
    version    integer NOT NULL DEFAULT 1,
    CHECK (NOT (is_default AND retired_at IS NOT NULL))
);
COMMENT ON COLUMN break_reasons.allowance_s IS 'of all breaks of this reason within the period; null: no limit';
COMMENT ON COLUMN break_reasons.each_s IS 'of one break; null: no limit';
COMMENT ON COLUMN break_reasons.period IS 'day: local midnight to midnight; duty: since sitting down after six hours away';
COMMENT ON COLUMN break_reasons.is_default IS 'stands for a break that is asked for without a reason';
COMMENT ON COLUMN break_reasons.retired_at IS 'not offered any more; rows of states keep the code';
CREATE UNIQUE INDEX break_reasons_one_default ON break_reasons (is_default) WHERE is_default;

INSERT INTO break_reasons (code, title_zh, title_en, allowance_s, each_s, period, productive, is_default) VALUES
    ('rest', '小休', 'Short break', 1800, 600, 'duty', false, true),
    ('meal', '用餐', 'Meal', 3600, 2700, 'duty', false, false),
    ('training', '培训', 'Training', NULL, NULL, 'duty', true, false),
    ('meeting', '会议', 'Meeting', NULL, NULL, 'duty', true, false),
    ('other', '其他', 'Other', NULL, NULL, 'duty', false, false);

ALTER TABLE queues
    ADD COLUMN wrap_up_step_seconds double precision NOT NULL DEFAULT 60 CHECK (wrap_up_step_seconds BETWEEN 1 AND 600),
    ADD COLUMN wrap_up_extensions integer NOT NULL DEFAULT 3 CHECK (wrap_up_extensions BETWEEN 0 AND 20);
COMMENT ON COLUMN queues.wrap_up_step_seconds IS 'how much longer a wrap-up gets each time the agent asks for more';
COMMENT ON COLUMN queues.wrap_up_extensions IS 'how often the agent may ask after one call';

ALTER TABLE seats ADD COLUMN next_cause text NOT NULL DEFAULT '';
COMMENT ON COLUMN seats.next_cause IS 'cause of the row that the next state will lead to: agent:next_state, supervisor:<login>';

-- The day of one agent, and breaks of the last days, are read by time.
CREATE INDEX agent_states_by_time ON agent_states (agent_id, at);
