-- Agent states: reasons, allowances, extensions.
SELECT 1;
