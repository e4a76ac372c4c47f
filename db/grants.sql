-- What the service's role may do. Carried out after every migration where the role hotline_service exists
-- (the embedded server makes it; on another server its administrator may). Repeating it is harmless.
-- The role owns nothing, so it cannot alter a table, drop a trigger or give itself more.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM hotline_service;
GRANT USAGE ON SCHEMA public TO hotline_service;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO hotline_service;
-- Sessions that have expired are the only rows it removes.
GRANT DELETE ON sessions TO hotline_service;
-- The plan is replaced as a whole, people's skills and certificates too; each version stays in plan_versions.
GRANT DELETE ON skills, certificates, queues, queue_overflow, lines, agent_skills, agent_certificates TO hotline_service;
-- What has happened is only ever added.
REVOKE UPDATE ON audit, recording_accesses, agent_states FROM hotline_service;
REVOKE UPDATE ON plan_versions FROM hotline_service;
REVOKE INSERT, UPDATE ON schema_migrations FROM hotline_service;
-- Nobody chooses the number of an audit row. The chain is written by functions that run as the owner.
REVOKE INSERT ON audit FROM hotline_service;
GRANT INSERT (at, actor, action, object, detail) ON audit TO hotline_service;
REVOKE INSERT, UPDATE ON audit_pending, audit_seals FROM hotline_service;
