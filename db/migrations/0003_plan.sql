-- The routing plan as rows; skills and certificates of people.
SELECT 1;
