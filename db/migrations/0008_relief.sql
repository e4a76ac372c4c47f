-- Overflow, voicemail, announcements, surge notices.
SELECT 1;
