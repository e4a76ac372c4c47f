-- Call-backs in queue, calls that agents place.
SELECT 1;
