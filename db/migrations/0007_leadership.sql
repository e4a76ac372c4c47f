-- Which process leads, and its epoch.
SELECT 1;
