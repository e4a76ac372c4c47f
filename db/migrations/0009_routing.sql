-- Priority, place and needs of calls.
SELECT 1;
