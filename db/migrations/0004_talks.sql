-- Segments of calls, what happens inside a talk.
SELECT 1;
