-- Lists of callers, with approval, expiry and appeal.
SELECT 1;
