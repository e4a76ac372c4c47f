-- Accounts: roles, teams, TOTP, OIDC.
ALTER TABLE accounts DROP CONSTRAINT accounts_role_check;
ALTER TABLE accounts ADD CONSTRAINT accounts_role_check CHECK (role IN (
    'agent', 'senior_agent', 'supervisor', 'dispatcher', 'reviewer', 'callback_staff', 'knowledge_editor', 'analyst',
    'unit_handler', 'unit_head', 'inspector', 'administrator', 'machine'));
