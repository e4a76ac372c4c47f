-- Rosters, hand-over notes, surge plans.
SELECT 1;
